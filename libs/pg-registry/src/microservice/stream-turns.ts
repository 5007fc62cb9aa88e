import { isObservable, Observable } from 'rxjs';
import type { Timers } from '../lifetime';
import { subscribeTo } from './reply-source';

/** So long streams begin and send in one turn of the event loop, in milliseconds; what was begun is finished. */
const MS_PER_TURN = 10;

/** What is done for a stream: its beginning, or a batch of its values. */
type Step = () => void;

/** What {@link StreamTurns} are given. */
export interface StreamTurnsDeps {
  readonly timers: Pick<Timers, 'now' | 'afterTurn'>;
  /** Told of what a step threw. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/**
 * Spreads the work for streams over turns of the event loop: a peer can ask for hundreds with what one turn has room for, and each may
 * emit thousands of values as soon as it is subscribed to.
 *
 *     step ──► at once, while the turn has time and nothing waits
 *      └── otherwise it waits for a later turn, where the nodes take turns
 *
 * The steps for one node stay in their order.
 */
export class StreamTurns {
  /** When the first step of this turn began; undefined: none has. */
  #since: number | undefined;
  /** By the node of the caller, in the order of their turns. */
  readonly #waiting = new Map<string, Set<Step>>();
  readonly #deps: StreamTurnsDeps;

  constructor(deps: StreamTurnsDeps) {
    this.#deps = deps;
  }

  /** Does a step for a node: now, or when its turn has come. One that waits already keeps its place. */
  run(node: string, step: Step): void {
    if (this.#waiting.size === 0 && this.#hasTime()) return this.#do(step);
    const steps = this.#waiting.get(node);
    if (steps === undefined) this.#waiting.set(node, new Set([step]));
    else steps.add(step);
  }

  /** Forgets a step that waits, if it does. */
  drop(node: string, step: Step): void {
    const steps = this.#waiting.get(node);
    if (steps?.delete(step) === true && steps.size === 0) this.#waiting.delete(node);
  }

  /** Has what a handler returned begin in a turn that has time for it, if that is an Observable. Anything else stays what it is. */
  spread(node: string, result: unknown): unknown {
    if (result instanceof Promise) return result.then((value: unknown) => this.#spread(node, value));
    return this.#spread(node, result);
  }

  #spread(node: string, result: unknown): unknown {
    if (!isObservable(result)) return result;
    return new Observable((subscriber) => {
      const begin = (): void => subscribeTo(result, subscriber, this.#deps.onError);
      this.run(node, begin);
      return () => this.drop(node, begin);
    });
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
      const [step] = steps;
      steps.delete(step);
      this.#waiting.delete(node);
      if (steps.size > 0) this.#waiting.set(node, steps);
      this.#do(step);
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
