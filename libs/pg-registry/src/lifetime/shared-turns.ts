import type { Timers } from './timers';

/** So long steps of a kind are done in one turn of the event loop, in milliseconds; one that has begun is finished. */
const MS_PER_TURN = 10;

/** So long the steps for one node are done before the next node has its turn, in milliseconds; one that has begun is finished. */
const MS_PER_NODE = 1;

/** A part of the work for a node, which is done at once. */
type Step = () => void;

/** What {@link SharedTurns} are given. */
export interface SharedTurnsDeps {
  readonly timers: Pick<Timers, 'now' | 'afterTurn'>;
  /** Told of what a step threw. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/**
 * Spreads the work of one kind that nodes ask for over turns of the event loop: a peer can ask for hundreds of steps with what one turn has
 * room for, and nobody knows what each takes.
 *
 *     step ──► at once, while the turn has time and nothing waits
 *      └── otherwise it waits for a later turn, where the nodes take turns of a millisecond, or of one step
 *
 * The steps for one node stay in their order.
 */
export class SharedTurns {
  /** When the first step of this turn began; undefined: none has. */
  #since: number | undefined;
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

  /** Whether a step would be done at once: the caller may do it itself, and needs no function for it. */
  hasRoom(): boolean {
    return this.#waiting.size === 0 && this.#hasTime();
  }

  /** Does a step for a node: now, or when its turn has come. One that waits already keeps its place. */
  run(node: string, step: Step): void {
    if (this.hasRoom()) return this.#do(step);
    const steps = this.#waiting.get(node);
    if (steps === undefined) this.#waiting.set(node, new Set([step]));
    else steps.add(step);
  }

  /** Forgets a step that waits, if it does. */
  drop(node: string, step: Step): void {
    const steps = this.#waiting.get(node);
    if (steps?.delete(step) === true && steps.size === 0) this.#waiting.delete(node);
  }

  #hasTime(): boolean {
    const now = this.#deps.timers.now();
    if (this.#since === undefined) {
      this.#since = now;
      this.#deps.timers.afterTurn(() => this.#nextTurn());
    }
    return now - this.#since < MS_PER_TURN;
  }

  #nextTurn(): void {
    this.#since = undefined;
    // The walk comes again to a node that is put back.
    for (const [node, steps] of this.#waiting) {
      if (!this.#hasTime()) return;
      this.#waiting.delete(node);
      this.#waiting.set(node, steps);
      this.#doSome(steps);
      if (steps.size === 0 && this.#waiting.get(node) === steps) this.#waiting.delete(node);
    }
  }

  /** Does the first step for a node, and those behind it that are short: nobody has to wait as long for each as for a long one of others. */
  #doSome(steps: Set<Step>): void {
    const { timers } = this.#deps;
    const until = timers.now() + MS_PER_NODE;
    for (const step of steps) {
      steps.delete(step);
      this.#do(step);
      if (timers.now() >= until) return;
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
