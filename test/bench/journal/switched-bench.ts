import { setImmediate } from 'node:timers/promises';
import type { NodeOptions } from 'nestjs-pg-registry';
import { Journal } from '../../../libs/pg-registry/src/observer/journal';
import { Bench } from '../support/bench';
import { setOptionsOfAllNodes } from '../support/nodes';

/** How many times as long one benchmark takes with a journal as without, round by round. */
export interface SwitchedResult {
  readonly name: string;
  readonly ratios: readonly number[];
  /** Whether anything was written into a journal: if not, both sides were the same. */
  readonly writes: boolean;
}

interface Switching {
  readonly area: string;
  readonly quick: boolean;
  /** Pairs of rounds of each benchmark. */
  readonly rounds: number;
  /** The options of nodes with a journal. */
  readonly journal: NodeOptions;
  readonly onResult: (result: SwitchedResult) => void;
}

type Rates = Parameters<Bench['rates']>[0];
type Report = Parameters<Bench['report']>[0];

const WITHOUT: NodeOptions = { observer: { journal: 0 } };
/** Of benchmarks that make new nodes in each round. */
const LEAST_OWN_ROUNDS = 20;

/**
 * Measures an area with journals and without, in turns. Where a benchmark works on nodes that live on, the same nodes' journals are switched
 * on and off: two nodes of one process differ by more than a journal costs, because their memory is laid out differently. Baselines and limits
 * do not count.
 */
export class SwitchedBench extends Bench {
  readonly #switching: Switching;
  readonly #journals = new JournalFinder();
  /** Of the rounds that a benchmark has made itself, since it reported. */
  #sides: boolean[] = [];
  #hasReported = true;

  constructor(switching: Switching) {
    super(switching.area, switching.quick, () => undefined);
    this.#switching = switching;
    setOptionsOfAllNodes(switching.journal);
    this.#journals.find();
  }

  override async rates({ name, unit, each, warmUpMs, work }: Rates): Promise<void> {
    this.#begin();
    this.#journals.forget();
    this.#journals.find();
    await work(1);
    this.#journals.stop();
    const variant = (isOn: boolean) => (times: number) => {
      this.#journals.turn(isOn);
      return work(times);
    };
    await new Recorder(this.#switching, this.#journals.found > 0, false).rates({
      name,
      work: variant(true),
      baseline: variant(false),
      ...(unit !== undefined && { unit }),
      ...(each !== undefined && { each }),
      warmUpMs: Math.max(WARM_UP_MS, warmUpMs ?? 0),
      rounds: this.#switching.rounds,
    });
    this.#end();
  }

  override async figures(): Promise<void> {
    throw new Error('None of these areas has such benchmarks.');
  }

  override rounds(full: number, quick: number): number {
    return this.quick ? 2 * quick : 2 * Math.max(LEAST_OWN_ROUNDS / 2, full);
  }

  override turn(): void {
    this.#begin();
    this.#journals.stop();
    // On, off, off, on: neither side is always the first.
    const isOn = [true, false, false, true][this.#sides.length % 4];
    this.#sides.push(isOn);
    this.#journals.turn(isOn);
    setOptionsOfAllNodes(isOn ? this.#switching.journal : WITHOUT);
  }

  override report(report: Report): void {
    // A benchmark may leave its first rounds out, or report several figures of each.
    const each = Math.max(1, Math.floor(report.values.length / this.#sides.length));
    const sides = this.#sides.slice(-Math.floor(report.values.length / each));
    const of = (side: boolean) =>
      report.values.filter((_, value) => sides[Math.floor(value / each)] === side);
    const recorder = new Recorder(this.#switching, true, !report.unit.endsWith('/s'));
    recorder.report({ ...report, values: of(true), baselines: of(false) });
    this.#end();
  }

  /** A benchmark begins whose nodes' journals are not known. */
  #begin(): void {
    if (!this.#hasReported) return;
    this.#hasReported = false;
    this.#sides = [];
    setOptionsOfAllNodes(this.#switching.journal);
  }

  #end(): void {
    this.#hasReported = true;
    setOptionsOfAllNodes(this.#switching.journal);
    this.#journals.find();
  }
}

/** Finds the journals that are written to, by looking on for a while. */
class JournalFinder {
  readonly #found = new Set<Journal>();
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its journal
  readonly #record = Journal.prototype.record;

  get found(): number {
    return this.#found.size;
  }

  forget(): void {
    this.#found.clear();
  }

  find(): void {
    const [found, record] = [this.#found, this.#record];
    Journal.prototype.record = function (...change): void {
      found.add(this);
      record.apply(this, change);
    };
  }

  stop(): void {
    Journal.prototype.record = this.#record;
  }

  turn(isOn: boolean): void {
    for (const journal of this.#found) journal.isOn = isOn && journal.capacity > 0;
  }
}

/**
 * Rounds of synchronous work are short and many: what else the machine does then meets both sides. In rounds of 40 ms the ratios lie as far
 * apart, and there are fewer.
 */
const ROUND_MS = 3;
/** Until the rounds of both sides are equally long: those of the first one are found out while its code is slow. */
const WARM_UP_MS = 300;

/** Measures with and without, and tells the ratios of neighbouring rounds. */
class Recorder extends Bench {
  readonly #switching: Switching;
  readonly #writes: boolean;
  readonly #isTime: boolean;

  /** @param isTime Whether figures are times and not rates */
  constructor(switching: Switching, writes: boolean, isTime: boolean) {
    super(switching.area, switching.quick, () => undefined, undefined, ROUND_MS);
    this.#switching = switching;
    this.#writes = writes;
    this.#isTime = isTime;
  }

  /**
   * Ends the turn of the event loop: to a journal, a turn is one moment, and in a second it keeps so many changes at most. With as many rounds
   * on nodes without a journal, one that writes all the time keeps at most twice as large a part of them as without these rounds.
   */
  override beforeRound(): Promise<void> {
    return setImmediate();
  }

  override report({ name, values, baselines = [] }: Report): void {
    const ratios = values
      .slice(0, baselines.length)
      .map((value, round) => (this.#isTime ? value / baselines[round] : baselines[round] / value));
    this.#switching.onResult({ name, ratios, writes: this.#writes });
  }
}
