import type { Timers } from './timers';

/** So long steps of a kind are done in one turn of the event loop, in milliseconds; one that has begun is finished. */
const MS_PER_TURN = 10;

/** So long the steps for one node are done before the next node has its turn, in milliseconds; one that has begun is finished. */
const MS_PER_NODE = 1;

/** So many bytes are made or sent in one turn, by the steps that say how many: what V8 has to collect afterwards takes time, too. */
const BYTES_PER_TURN = 4_194_304;

/** A part of the work for a node, which is done at once. */
type Step = () => void;

/** What {@link SharedTurns} are given. */
export interface SharedTurnsDeps {
  readonly timers: Pick<Timers, 'now' | 'afterTurn'>;
  /** Told of what a step threw. Must not throw. */
  readonly onError: (error: unknown) => void;
  /** So many steps are done in one turn at most, however little time they take. Default: no limit but the time. */
  readonly mostPerTurn?: number;
  /** Returns what no step may be done before, if there is such a thing. It must not reject. Default: nothing. */
  readonly hold?: (() => Promise<void> | undefined) | undefined;
}

/**
 * Spreads the work of one kind that nodes ask for, or bring about, over turns of the event loop: a peer can cause hundreds of steps with what one turn
 * has room for, and nobody knows what each takes.
 *
 *     step ──► at once, while the turn has room and nothing waits
 *      └── otherwise it waits for a later turn, where the nodes take turns of a millisecond, or of one step
 *
 * The steps for one node stay in their order. A turn has room for {@link MS_PER_TURN}, for {@link BYTES_PER_TURN} and, if that is set, for a number of steps. Handlers of messages
 * have a mechanism of their own, `HandlerTurns` in calls/: the way of each call must not cost a closure and a timer.
 */
export class SharedTurns {
  /** When the first step of this turn began; undefined: none has. */
  #since: number | undefined;
  /** How many steps this turn has done. */
  #done = 0;
  /** How many bytes the steps of this turn have counted. */
  #bytes = 0;
  /** Whether there is a next turn. */
  #isPlanned = false;
  /** By node, in the order of their turns. */
  readonly #waiting = new Map<string, Set<Step>>();
  readonly #deps: SharedTurnsDeps;

  constructor(deps: SharedTurnsDeps) {
    this.#deps = deps;
  }

  /** Whether no step was done in this turn, and none waits. */
  get isIdle(): boolean {
    return this.#since === undefined && this.#waiting.size === 0;
  }

  /** Does a step for a node: now, or when its turn has come. One that waits already keeps its place. */
  run(node: string, step: Step): void {
    if (this.take()) this.#do(step);
    else this.later(node, step);
  }

  /** Takes room of this turn for a step that the caller does itself, at once, and needs no function for. @returns False if there is none, or others wait */
  take(): boolean {
    if (this.#waiting.size > 0 || !this.#hasRoom()) return false;
    this.#done += 1;
    return true;
  }

  /** Counts bytes that the step which is being done makes or sends. */
  count(bytes: number): void {
    this.#bytes += bytes;
    this.#plan();
  }

  /** Does a step for a node in a later turn. One that waits already keeps its place. */
  later(node: string, step: Step): void {
    this.#plan();
    const steps = this.#waiting.get(node);
    if (steps === undefined) this.#waiting.set(node, new Set([step]));
    else steps.add(step);
  }

  /**
   * Does something for a node with each of many, each as a step of its own. An item is taken when its turn has come.
   *
   * @param act Must not throw. It may find that its item is not concerned any more.
   */
  each<T>(node: string, items: Iterator<T>, act: (item: T) => void): void {
    const step = (): void => {
      do {
        const { done, value } = items.next();
        if (done === true) return;
        act(value);
      } while (this.take());
      this.later(node, step);
    };
    this.run(node, step);
  }

  /** Forgets a step that waits, if it does. */
  drop(node: string, step: Step): void {
    const steps = this.#waiting.get(node);
    if (steps?.delete(step) === true && steps.size === 0) this.#waiting.delete(node);
  }

  #hasRoom(): boolean {
    this.#plan();
    const { timers, mostPerTurn = Infinity, hold } = this.#deps;
    if (hold?.() !== undefined) return false;
    const now = timers.now();
    this.#since ??= now;
    return this.#done < mostPerTurn && this.#bytes < BYTES_PER_TURN && now - this.#since < MS_PER_TURN;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    const { timers, hold } = this.#deps;
    const held = hold?.();
    if (held === undefined) timers.afterTurn(() => this.#nextTurn());
    else held.then(() => this.#nextTurn(), this.#deps.onError);
  }

  #nextTurn(): void {
    this.#isPlanned = false;
    this.#since = undefined;
    this.#done = 0;
    this.#bytes = 0;
    // The walk comes again to a node that is put back.
    for (const [node, steps] of this.#waiting) {
      if (!this.#hasRoom()) return;
      this.#waiting.delete(node);
      this.#waiting.set(node, steps);
      this.#doSome(steps);
      if (steps.size === 0 && this.#waiting.get(node) === steps) this.#waiting.delete(node);
    }
  }

  /** Does the first step for a node, and those behind it that are short: nobody has to wait as long for each as for a long one of others. */
  #doSome(steps: Set<Step>): void {
    const { timers, mostPerTurn = Infinity } = this.#deps;
    const until = timers.now() + MS_PER_NODE;
    for (const step of steps) {
      steps.delete(step);
      this.#done += 1;
      this.#do(step);
      if (timers.now() >= until || this.#done >= mostPerTurn || this.#bytes >= BYTES_PER_TURN) return;
    }
  }

  #do(step: Step): void {
    try {
      step();
    } catch (error) {
      this.#deps.onError(error);
    }
  }
}
