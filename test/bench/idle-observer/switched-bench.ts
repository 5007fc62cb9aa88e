import { setImmediate } from 'node:timers/promises';
import { Bench, collectGarbage, verify } from '../support/bench';
import { cpuTime } from '../support/cpu-time';
import { median } from '../support/statistics';
import type { Switch } from './switch';

/** How many times as long one benchmark takes with what is switched as without. */
export interface SwitchedResult {
  readonly name: string;
  readonly ratios: readonly number[];
  /** The same of two rounds without: what they differ by is not what is switched. */
  readonly controls: readonly number[];
  /** Whether the sides differed: a benchmark that writes into no journal is the same with one and without. */
  readonly differs: boolean;
}

interface Switching {
  readonly area: string;
  readonly quick: boolean;
  /** Of each benchmark, four at a time: with, without, without, with. */
  readonly rounds: number;
  readonly switched: Switch;
  readonly onResult: (result: SwitchedResult) => void;
}

type Rates = Parameters<Bench['rates']>[0];
type Figures = Parameters<Bench['figures']>[0];
type Report = Parameters<Bench['report']>[0];

/** Of benchmarks that make new nodes in each round. */
const LEAST_OWN_ROUNDS = 12;

/**
 * Measures an area with something and without it, in turns. Where a benchmark works on nodes that live on, it is switched on and off at the
 * same nodes: two nodes of one process differ by more than a journal costs, because their memory is laid out differently. Baselines and limits
 * do not count.
 */
export class SwitchedBench extends Bench {
  readonly #switching: Switching;
  /** Of the rounds that a benchmark has made itself, since it reported. */
  #sides: boolean[] = [];
  #hasReported = true;

  constructor(switching: Switching) {
    super(switching.area, switching.quick ? 'quick' : 'brief', () => undefined);
    this.#switching = switching;
    switching.switched.makeNodes(true);
    switching.switched.find();
  }

  override async rates({ name, warmUpMs, work }: Rates): Promise<void> {
    this.#begin();
    const { quick, rounds, onResult, switched } = this.#switching;
    switched.forget();
    switched.find();
    await work(1);
    switched.stop();
    const alternation = new Alternation(name, work, switched, quick);
    switched.begin();
    try {
      const found = await alternation.compare(quick ? 1 : rounds, Math.max(WARM_UP_MS, warmUpMs ?? 0));
      onResult({ name, ...found, differs: switched.differs });
    } finally {
      switched.end();
    }
    this.#end();
  }

  override async figures({ name, unit, measure, rounds = 5, warmUpMs = 0 }: Figures): Promise<void> {
    this.#begin();
    const { switched } = this.#switching;
    switched.forget();
    switched.find();
    await measure();
    const { differs } = switched;
    const end = performance.now() + (this.quick ? 0 : warmUpMs);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    while (performance.now() < end) await measure();
    const values: number[] = [];
    for (let round = 0; round < this.rounds(rounds, 1); round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- round after round
      await this.turn();
      // oxlint-disable-next-line no-await-in-loop
      for (let turn = 0; turn < switched.settlingTurns; turn += 1) await measure();
      // oxlint-disable-next-line no-await-in-loop
      values.push(await measure());
    }
    this.#compareRounds({ name, unit, values }, differs);
  }

  override rounds(full: number, quick: number): number {
    return this.quick ? 2 * quick : 2 * Math.max(LEAST_OWN_ROUNDS / 2, full);
  }

  override async turn(): Promise<void> {
    this.#begin();
    const { switched } = this.#switching;
    switched.stop();
    // On, off, off, on: neither side is always the first.
    const isOn = [true, false, false, true][this.#sides.length % 4];
    this.#sides.push(isOn);
    await switched.turn(isOn);
    switched.makeNodes(isOn);
  }

  override report(report: Report): void {
    this.#compareRounds(report, true);
  }

  /** Without rounds of the benchmark's own, which {@link turn} has counted, there are no sides, and no ratios. */
  #compareRounds({ name, unit, values }: Report, differs: boolean): void {
    // A benchmark may leave its first rounds out, or report several figures of each.
    const each = Math.max(1, Math.floor(values.length / this.#sides.length));
    const rounds = Math.floor(values.length / each);
    const sides = this.#sides.slice(-rounds);
    const times = sides.map((_, round) => {
      const value = median(values.slice(round * each, (round + 1) * each));
      return unit.endsWith('/s') ? 1 / value : value;
    });
    const [on, off] = [true, false].map((side) => times.filter((_, round) => sides[round] === side));
    const ratios = on.map((time, at) => time / off[at]).filter(isRatio);
    this.#switching.onResult({ name, ratios, controls: controlsOf(off), differs });
    this.#end();
  }

  /** A benchmark begins whose nodes are not known. */
  #begin(): void {
    if (!this.#hasReported) return;
    this.#hasReported = false;
    this.#sides = [];
    this.#switching.switched.makeNodes(true);
  }

  #end(): void {
    this.#hasReported = true;
    this.#switching.switched.makeNodes(true);
    this.#switching.switched.find();
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

type Work = Rates['work'];

/**
 * Does the same work with what is switched and without it, in turns. Both sides do the same number of times in each turn of the event loop, so
 * they meet the same keys and the same memory. The order with, without, without, with cancels what grows steadily. The blocks without are compared
 * with each other as well, each time in the other order.
 */
class Alternation {
  readonly #name: string;
  readonly #work: Work;
  readonly #switched: Switch;
  readonly #quick: boolean;
  #times = 16;
  #turns = 1;
  #settling = 0;
  #fours = 1;

  constructor(name: string, work: Work, switched: Switch, quick: boolean) {
    this.#name = name;
    this.#work = work;
    this.#switched = switched;
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
        on += await this.#block(true);
        off[first] += await this.#block(false);
        off[1 - first] += await this.#block(false);
        on += await this.#block(true);
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
    let warmed = 0;
    while (warmed < 2 * warmUpMs || took < (waits ? WAITING_ROUND_MS : TURN_MS) / 2) {
      const isShort = took < (waits ? WAITING_ROUND_MS : TURN_MS) / 2;
      if (isShort) this.#times *= 2;
      for (const isOn of [false, true]) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        await this.#switched.turn(isOn);
        ({ took, waits } = await this.#turn(isOn));
        /* oxlint-enable no-await-in-loop */
        warmed += took;
      }
    }
    this.#turns = waits ? 1 : Math.max(1, Math.round(BLOCK_MS / took));
    this.#settling = waits ? 0 : this.#switched.settlingTurns;
    this.#fours = waits ? 1 : FOURS;
  }

  async #block(isOn: boolean): Promise<number> {
    await this.#switched.turn(isOn);
    // oxlint-disable-next-line no-await-in-loop -- turn after turn
    for (let turn = 0; turn < this.#settling; turn += 1) await this.#turn(isOn);
    let sum = 0;
    for (let turn = 0; turn < this.#turns; turn += 1) {
      // oxlint-disable-next-line no-await-in-loop -- turn after turn
      sum += (await this.#turn(isOn)).took;
    }
    return sum;
  }

  /** Synchronous work is timed by processor time, work that waits by the time that passes. */
  async #turn(isOn: boolean): Promise<{ readonly took: number; readonly waits: boolean }> {
    await setImmediate();
    const [from, fromCpu] = [performance.now(), cpuTime()];
    const done = this.#work(this.#times);
    const cpuMs = cpuTime() - fromCpu;
    const right = await done;
    const waits = typeof done !== 'number';
    verify(right === this.#times, `'${this.#name}' was right ${right} times of ${this.#times}`);
    const took = waits ? performance.now() - from : cpuMs;
    this.#switched.worked(isOn, took);
    return { took, waits };
  }
}

/** Compares rounds of one side in pairs, each time in the other order, so that what grows steadily does not show as a difference. */
function controlsOf(times: readonly number[]): readonly number[] {
  return Array.from({ length: times.length >> 1 }, (_, pair) => {
    const ratio = times[2 * pair] / times[2 * pair + 1];
    return pair % 2 === 0 ? ratio : 1 / ratio;
  }).filter(isRatio);
}

/** A stall that is too short to be seen counts as none, and has no ratio to others. */
function isRatio(ratio: number): boolean {
  return Number.isFinite(ratio) && ratio > 0;
}
