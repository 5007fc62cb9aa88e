import { loadavg } from 'node:os';
import { cpuTime } from './cpu-time';
import { type CurvePoint, type Limit, missedBy, type Result, targetText } from './result';
import type { Profiler } from './profile';
import { median, spread } from './statistics';

/** One area of the suite: measures, and tells the bench what it found. */
export type Area = (bench: Bench) => Promise<void> | void;

/** Does a piece of work `times` times and returns how often the result was right: anything but `times` ends the suite. */
export type Work = (times: number) => number | Promise<number>;

/** What both ways of measuring need to know. */
interface Contest {
  readonly name: string;
  readonly limits?: readonly Limit[];
  readonly rounds?: number;
  readonly point?: CurvePoint;
}

/**
 * The least warm-up of a brief run. With four warm-up rounds alone, reads in runs of the same code differed by up to a factor of five:
 * V8 was still compiling in the few rounds that count.
 */
const BRIEF_WARM_UP_MS = 700;

/**
 * How much is measured. `quick` does everything once and small, and verifies it; its times mean nothing. `brief` is for comparisons of
 * processes, which differ from one another by more than the rounds of one do: a third of the rounds, and no baselines.
 */
export type Extent = 'full' | 'brief' | 'quick';

/** Measured before the rounds count: until the code is compiled. */
const WARM_UP_ROUNDS = 4;
/** A round is long against a timer's tick, and too short for the machine to change its speed within it. */
const ROUND_MS = 40;
/**
 * A round of work that waits for another process is longer: in 40 ms there are a few hundred calls, after which neither end is
 * compiled yet, and if the machine runs something else meanwhile, that is the round. Measured on a busy machine: calls with 64
 * in flight spread by ±57 % in rounds of 40 ms, by ±11 % in rounds of 400 ms.
 */
const WAITING_ROUND_MS = 400;

/**
 * Measures one area. Rounds of what is measured and of its baseline alternate, each time in the other order, so that the
 * moods of a shared machine meet both; the ratio is the median of the ratios of neighbouring rounds.
 */
export class Bench {
  readonly #area: string;
  readonly #extent: Extent;
  readonly #onResult: (result: Result) => void;
  readonly #profiler: Profiler | undefined;

  constructor(area: string, extent: Extent, onResult: (result: Result) => void, profiler?: Profiler) {
    this.#area = area;
    this.#extent = extent;
    this.#onResult = onResult;
    this.#profiler = profiler;
  }

  get quick(): boolean {
    return this.#extent === 'quick';
  }

  /** Whether baselines are left out; a benchmark may leave out others that it is compared with, too. */
  get brief(): boolean {
    return this.#extent === 'brief';
  }

  /** A size, and the one that is enough for a quick run. */
  size(full: number, quick: number): number {
    return this.quick ? quick : full;
  }

  /** Compares two works by how often they are done in a second; the higher the ratio the better. */
  async rates({
    name,
    unit = '/s',
    each = 1,
    work,
    baseline,
    limits = [],
    rounds = 11,
    warmUpMs = 0,
    point,
  }: Contest & {
    readonly unit?: string;
    /** How many units one time of the work counts for. */
    readonly each?: number;
    readonly work: Work;
    readonly baseline?: Work;
    /** Each is run for so long before anything counts: for work so slow that the warm-up rounds leave its code interpreted. */
    readonly warmUpMs?: number;
  }): Promise<void> {
    const works = baseline === undefined || this.brief ? [work] : [work, baseline];
    const least = this.brief ? BRIEF_WARM_UP_MS : 0;
    for (const contestant of works) await this.#warmUp(contestant, Math.max(warmUpMs, least));
    const times: number[] = [];
    for (const contestant of works) times.push(await this.#calibrate(name, contestant));
    const rates = await this.#alternate(
      name,
      rounds,
      works,
      async (contestant, index) => each * (await rate(name, contestant, times[index])),
    );
    this.report({ name, unit, values: rates[0], baselines: rates[1], limits, ...(point && { point }) });
  }

  /** Compares works that cannot be repeated at will: each call prepares itself and returns its figure. */
  async figures({
    name,
    unit,
    measure,
    baseline,
    limits = [],
    rounds = 5,
    warmUpMs = 0,
    point,
  }: Contest & {
    readonly unit: string;
    readonly measure: () => number | Promise<number>;
    readonly baseline?: () => number | Promise<number>;
    /** As in {@link rates}. */
    readonly warmUpMs?: number;
  }): Promise<void> {
    const measures = baseline === undefined || this.brief ? [measure] : [measure, baseline];
    for (const each of measures) await this.#warmUp(async () => await each(), warmUpMs);
    const figures = await this.#alternate(name, rounds, measures, async (each) => await each());
    this.report({ name, unit, values: figures[0], baselines: figures[1], limits, ...(point && { point }) });
  }

  /** How many rounds a benchmark makes that has rounds of its own and reports them. */
  rounds(full: number, quick: number): number {
    return this.brief ? Math.ceil(full / 3) : this.size(full, quick);
  }

  /** Such a benchmark calls this before each round: a program that compares two variants changes to the other one here. */
  turn(): void | Promise<void> {}

  /** Runs something of what is measured, so that it is in the profile if there is to be one. */
  async profiled<T>(name: string, run: () => T | Promise<T>): Promise<T> {
    return this.#profiler === undefined ? await run() : await this.#profiler.around(name, run);
  }

  /** Takes figures that were measured elsewhere, one per round. */
  report({
    name,
    unit,
    values,
    baselines,
    limits = [],
    point,
  }: {
    readonly name: string;
    readonly unit: string;
    readonly values: readonly number[];
    readonly baselines?: readonly number[] | undefined;
    readonly limits?: readonly Limit[];
    readonly point?: CurvePoint;
  }): void {
    const ratios = baselines?.map((baseline, round) => values[round] / baseline);
    const value = median(values);
    const ratio = ratios === undefined ? null : median(ratios);
    // Only a full run judges.
    const missed = this.#extent !== 'full' || limits.length === 0 ? null : missedBy(limits, value, ratio);
    this.#onResult({
      area: this.#area,
      name,
      unit,
      value,
      baseline: baselines === undefined ? null : median(baselines),
      ratio,
      target: targetText(limits),
      ok: missed === null ? null : missed === 0,
      missedBy: missed,
      rounds: values.length,
      spread: { value: spread(values), ratio: ratios === undefined ? null : spread(ratios) },
      load: loadavg()[0],
      point: point ?? null,
    });
  }

  async #warmUp(work: (times: number) => unknown, ms: number): Promise<void> {
    const end = performance.now() + (this.quick ? 0 : ms);
    // From one on: a thousand queries over a million rows take a minute.
    for (let times = 1; performance.now() < end; times = Math.min(1000, 2 * times)) await work(times);
  }

  /** Finds how often a work fits into a round, and warms it up by that. */
  async #calibrate(name: string, work: Work): Promise<number> {
    let times = this.quick ? 16 : 1;
    const first = await timed(name, work, times);
    if (this.quick) return times;
    const roundMs = first.waits ? WAITING_ROUND_MS : ROUND_MS;
    let { took } = first;
    while (took < roundMs / 2) {
      times = Math.ceil(times * Math.min(8, Math.max(1.5, roundMs / Math.max(took, 0.01))));
      ({ took } = await timed(name, work, times));
    }
    return times;
  }

  async #alternate<T>(
    name: string,
    rounds: number,
    contestants: readonly T[],
    measure: (contestant: T, index: number) => Promise<number>,
  ): Promise<number[][]> {
    const figures = contestants.map((): number[] => []);
    const warmUp = this.quick ? 0 : Math.min(WARM_UP_ROUNDS, Math.floor(rounds / 2));
    const all = this.quick ? 1 : warmUp + this.rounds(rounds, 1);
    for (let round = 0; round < all; round += 1) {
      const order = round % 2 === 0 ? contestants.keys() : [...contestants.keys()].toReversed();
      for (const index of order) {
        const run = (): Promise<number> => measure(contestants[index], index);
        const figure = await (index === 0 && round >= warmUp ? this.profiled(name, run) : run());
        if (!Number.isFinite(figure)) throw new Error(`'${name}' came to ${figure}.`);
        if (round >= warmUp) figures[index].push(figure);
      }
    }
    return figures;
  }
}

/** Fails the suite when a result is not what it has to be: a fast wrong answer is no figure. */
export function verify(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Wrong result: ${what}`);
}

/** Gives back what nobody holds, so that a round does not pay for the one before; needs `--expose-gc`. */
export function collectGarbage(): void {
  globalThis.gc?.();
}

/** The same for what was made lately, which costs no compiled code: that goes with the old objects of its classes. */
export function collectNewGarbage(): void {
  globalThis.gc?.({ type: 'minor' });
}

async function rate(name: string, work: Work, times: number): Promise<number> {
  const { took } = await timed(name, work, times);
  return (times / took) * 1000;
}

/** Synchronous work is timed by processor time, work that waits by the time that passes. */
async function timed(
  name: string,
  work: Work,
  times: number,
): Promise<{ readonly took: number; readonly waits: boolean }> {
  const from = performance.now();
  const fromCpu = cpuTime();
  const done = work(times);
  const cpuMs = cpuTime() - fromCpu;
  const right = await done;
  const waits = typeof done !== 'number';
  const took = waits ? performance.now() - from : cpuMs;
  verify(right === times, `'${name}' was right ${right} times of ${times}`);
  return { took, waits };
}
