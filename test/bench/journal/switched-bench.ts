import { setImmediate } from 'node:timers/promises';
import type { NodeOptions } from 'nestjs-pg-registry';
import { Journal } from '../../../libs/pg-registry/src/observer/journal';
import { Bench, collectGarbage, verify } from '../support/bench';
import { cpuTime } from '../support/cpu-time';
import { setOptionsOfAllNodes } from '../support/nodes';
import { median } from '../support/statistics';

/** How many times as long one benchmark takes with a journal as without. */
export interface SwitchedResult {
  readonly name: string;
  readonly ratios: readonly number[];
  /** The same of two rounds without: what they differ by is not the journal. */
  readonly controls: readonly number[];
  /** Whether anything was written into a journal: if not, both sides were the same. */
  readonly writes: boolean;
}

interface Switching {
  readonly area: string;
  readonly quick: boolean;
  /** Of each benchmark, four at a time: with, without, without, with. */
  readonly rounds: number;
  /** The options of nodes with a journal. */
  readonly journal: NodeOptions;
  readonly onResult: (result: SwitchedResult) => void;
}

type Rates = Parameters<Bench['rates']>[0];
type Report = Parameters<Bench['report']>[0];

const WITHOUT: NodeOptions = { observer: { journal: 0 } };
/** Of benchmarks that make new nodes in each round. */
const LEAST_OWN_ROUNDS = 12;

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

  override async rates({ name, warmUpMs, work }: Rates): Promise<void> {
    this.#begin();
    this.#journals.forget();
    this.#journals.find();
    await work(1);
    this.#journals.stop();
    const { quick, rounds, onResult } = this.#switching;
    const side = (isOn: boolean) => (times: number) => {
      this.#journals.turn(isOn);
      return work(times);
    };
    const alternation = new Alternation(name, side(true), side(false), quick);
    const found = await alternation.compare(quick ? 1 : rounds, Math.max(WARM_UP_MS, warmUpMs ?? 0));
    onResult({ name, ...found, writes: this.#journals.found > 0 });
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

  override report({ name, unit, values }: Report): void {
    // A benchmark may leave its first rounds out, or report several figures of each.
    const each = Math.max(1, Math.floor(values.length / this.#sides.length));
    const rounds = Math.floor(values.length / each);
    const sides = this.#sides.slice(-rounds);
    const times = sides.map((_, round) => {
      const value = median(values.slice(round * each, (round + 1) * each));
      return unit.endsWith('/s') ? 1 / value : value;
    });
    const [on, off] = [true, false].map((side) => times.filter((_, round) => sides[round] === side));
    const ratios = on.slice(0, off.length).map((time, at) => time / off[at]);
    this.#switching.onResult({ name, ratios, controls: controlsOf(off), writes: true });
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

/** Until the code of both sides is compiled. */
const WARM_UP_MS = 300;
/** One turn of the event loop: to a journal it is one moment. */
const TURN_MS = 3;
/**
 * A little less than the second in which a journal keeps so many changes at most, so that a round has one such second: it keeps the share
 * that a program which writes all the time would keep, or a tenth more. In short rounds with and without in turns it is twice that share.
 */
const ROUND_MS = 900;
/** What waits for another process writes little, and is not done in turns. */
const WAITING_ROUND_MS = 400;

type Side = Parameters<Bench['rates']>[0]['work'];

/**
 * Does the same work with and without a journal, in rounds. Both sides do the same number of times in each turn, so they meet the same keys
 * and the same memory. The order with, without,
 * without, with cancels what grows steadily, and the rounds without are compared with each other.
 */
class Alternation {
  readonly #name: string;
  readonly #with: Side;
  readonly #without: Side;
  readonly #quick: boolean;
  #times = 16;
  #turns = 1;

  constructor(name: string, withJournal: Side, withoutJournal: Side, quick: boolean) {
    this.#name = name;
    this.#with = withJournal;
    this.#without = withoutJournal;
    this.#quick = quick;
  }

  async compare(rounds: number, warmUpMs: number): Promise<Pick<SwitchedResult, 'ratios' | 'controls'>> {
    if (!this.#quick) await this.#prepare(warmUpMs);
    const ratios: number[] = [];
    const off: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      /* oxlint-disable no-await-in-loop -- round after round */
      const first = await this.#round(this.#with);
      const [second, third] = [await this.#round(this.#without), await this.#round(this.#without)];
      const fourth = await this.#round(this.#with);
      /* oxlint-enable no-await-in-loop */
      ratios.push((first + fourth) / (second + third));
      off.push(second, third);
    }
    return { ratios, controls: controlsOf(off) };
  }

  /** Warms both sides up, and finds how often the work fits into a turn, and a turn into a round. */
  async #prepare(warmUpMs: number): Promise<void> {
    let took = 0;
    let waits = false;
    const end = performance.now() + 2 * warmUpMs;
    while (performance.now() < end || took < (waits ? WAITING_ROUND_MS : TURN_MS) / 2) {
      const isShort = took < (waits ? WAITING_ROUND_MS : TURN_MS) / 2;
      if (isShort) this.#times *= 2;
      /* oxlint-disable no-await-in-loop -- one after the other */
      await this.#turn(this.#without);
      ({ took, waits } = await this.#turn(this.#with));
      /* oxlint-enable no-await-in-loop */
    }
    this.#turns = waits ? 1 : Math.max(1, Math.round(ROUND_MS / took));
  }

  async #round(side: Side): Promise<number> {
    collectGarbage();
    let sum = 0;
    for (let turn = 0; turn < this.#turns; turn += 1) {
      // oxlint-disable-next-line no-await-in-loop -- turn after turn
      sum += (await this.#turn(side)).took;
    }
    return sum;
  }

  /** Synchronous work is timed by processor time, work that waits by the time that passes. */
  async #turn(side: Side): Promise<{ readonly took: number; readonly waits: boolean }> {
    await setImmediate();
    const [from, fromCpu] = [performance.now(), cpuTime()];
    const done = side(this.#times);
    const cpuMs = cpuTime() - fromCpu;
    const right = await done;
    const waits = typeof done !== 'number';
    verify(right === this.#times, `'${this.#name}' was right ${right} times of ${this.#times}`);
    return { took: waits ? performance.now() - from : cpuMs, waits };
  }
}

/** Compares rounds of one side in pairs, each time in the other order, so that what grows steadily does not show as a difference. */
function controlsOf(times: readonly number[]): readonly number[] {
  return Array.from({ length: times.length >> 1 }, (_, pair) => {
    const ratio = times[2 * pair] / times[2 * pair + 1];
    return pair % 2 === 0 ? ratio : 1 / ratio;
  });
}
