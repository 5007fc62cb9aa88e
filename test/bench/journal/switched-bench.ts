import { setImmediate } from 'node:timers/promises';
import type { NodeOptions } from 'nestjs-pg-registry';
import { systemClock } from '../../../libs/pg-registry/src/node/clock';
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
type Figures = Parameters<Bench['figures']>[0];
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
  readonly #time = new JournalTime();
  /** Of the rounds that a benchmark has made itself, since it reported. */
  #sides: boolean[] = [];
  #hasReported = true;

  constructor(switching: Switching) {
    super(switching.area, switching.quick ? 'quick' : 'brief', () => undefined);
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
    const alternation = new Alternation(name, side(true), side(false), this.#time, quick);
    this.#time.replace();
    try {
      const found = await alternation.compare(quick ? 1 : rounds, Math.max(WARM_UP_MS, warmUpMs ?? 0));
      onResult({ name, ...found, writes: this.#journals.found > 0 });
    } finally {
      this.#time.restore();
    }
    this.#end();
  }

  override async figures({ name, unit, measure, rounds = 5, warmUpMs = 0 }: Figures): Promise<void> {
    this.#begin();
    this.#journals.forget();
    this.#journals.find();
    await measure();
    const writes = this.#journals.found > 0;
    const end = performance.now() + (this.quick ? 0 : warmUpMs);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    while (performance.now() < end) await measure();
    const values: number[] = [];
    for (let round = 0; round < this.rounds(rounds, 1); round += 1) {
      this.turn();
      // oxlint-disable-next-line no-await-in-loop -- round after round
      values.push(await measure());
    }
    this.#compareRounds({ name, unit, values }, writes);
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
    this.#compareRounds(report, true);
  }

  /** Without rounds of the benchmark's own, which {@link turn} has counted, there are no sides, and no ratios. */
  #compareRounds({ name, unit, values }: Report, writes: boolean): void {
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
    this.#switching.onResult({ name, ratios, controls: controlsOf(off), writes });
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
 * What the journals take for the time while they are measured: it passes by the time that the work with a journal takes, and only by that. So
 * a second holds as much of this work as on a machine that does nothing else, and a journal keeps the share of the changes that it would there.
 */
class JournalTime {
  readonly #wall = systemClock.wall.bind(systemClock);
  #passed = 0;

  pass(ms: number): void {
    this.#passed += ms;
  }

  /** The rest of a node keeps the clock that it was made with. */
  replace(): void {
    const from = this.#wall() - this.#passed;
    systemClock.wall = () => from + this.#passed;
  }

  restore(): void {
    systemClock.wall = this.#wall;
  }
}

/** Until the code of both sides is compiled. */
const WARM_UP_MS = 300;
/** One turn of the event loop: to a journal it is one moment. */
const TURN_MS = 3;
/**
 * Turns of one side that follow each other. The speed of a machine changes within a second by more than a journal costs, but less from one such
 * block to the next; and a block is long enough to pay for most of the garbage that it makes.
 */
const BLOCK_MS = 40;
/** So many times on, off, off, on are a round, in which the side with a journal works for a second: until it keeps changes again. */
const FOURS = 12;
/** What waits for another process writes little, and is not done in turns. */
const WAITING_ROUND_MS = 400;

type Side = Parameters<Bench['rates']>[0]['work'];

/**
 * Does the same work with and without a journal, in turns. Both sides do the same number of times in each turn of the event loop, so they meet the
 * same keys and the same memory. The order with, without, without, with cancels what grows steadily. The blocks without are compared with each
 * other as well, each time in the other order.
 */
class Alternation {
  readonly #name: string;
  readonly #with: Side;
  readonly #without: Side;
  readonly #time: JournalTime;
  readonly #quick: boolean;
  #times = 16;
  #turns = 1;
  #fours = 1;

  constructor(name: string, withJournal: Side, withoutJournal: Side, time: JournalTime, quick: boolean) {
    this.#name = name;
    this.#with = withJournal;
    this.#without = withoutJournal;
    this.#time = time;
    this.#quick = quick;
  }

  async compare(rounds: number, warmUpMs: number): Promise<Pick<SwitchedResult, 'ratios' | 'controls'>> {
    if (!this.#quick) await this.#prepare(warmUpMs);
    const ratios: number[] = [];
    const controls: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      let on = 0;
      const off = [0, 0];
      for (let four = 0; four < this.#fours; four += 1) {
        const first = (round + four) % 2;
        /* oxlint-disable no-await-in-loop -- block after block */
        on += await this.#block(this.#with);
        off[first] += await this.#block(this.#without);
        off[1 - first] += await this.#block(this.#without);
        on += await this.#block(this.#with);
        /* oxlint-enable no-await-in-loop */
      }
      ratios.push(on / (off[0] + off[1]));
      controls.push(off[0] / off[1]);
    }
    return { ratios, controls };
  }

  /**
   * Warms both sides up, and finds how often the work fits into a turn, and a turn into a block. Nothing collects all garbage later: that takes
   * compiled code away, too, whose classes have no object then, such as what `register` returns. The side that came next paid for compiling it again.
   */
  async #prepare(warmUpMs: number): Promise<void> {
    collectGarbage();
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
    this.#turns = waits ? 1 : Math.max(1, Math.round(BLOCK_MS / took));
    this.#fours = waits ? 1 : FOURS;
  }

  async #block(side: Side): Promise<number> {
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
    const took = waits ? performance.now() - from : cpuMs;
    if (side === this.#with) this.#time.pass(took);
    return { took, waits };
  }
}

/** Compares rounds of one side in pairs, each time in the other order, so that what grows steadily does not show as a difference. */
function controlsOf(times: readonly number[]): readonly number[] {
  return Array.from({ length: times.length >> 1 }, (_, pair) => {
    const ratio = times[2 * pair] / times[2 * pair + 1];
    return pair % 2 === 0 ? ratio : 1 / ratio;
  });
}
