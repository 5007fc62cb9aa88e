import type { Clock } from '../../../libs/pg-registry/src/node/clock';
import type { EventQueue } from './event-queue';

interface Callback {
  /** `undefined` once the timer is cancelled. */
  run: (() => void) | undefined;
}

/** What an {@link EventLoop} needs. */
export interface EventLoopDeps {
  readonly queue: EventQueue;
  /** What the machine's clock shows at virtual time 0, in milliseconds since 1970. */
  readonly wallMs: number;
  /** How long one turn of the loop takes, in milliseconds. */
  readonly turnMs: number;
  /** Called after every callback. */
  readonly onTurnEnd: () => void;
}

/**
 * The event loop of one virtual process: every callback of its code runs through here. While the loop is paused, timers and
 * messages wait; when it resumes, overdue timers run first and then the messages in the socket, as in Node.js. After
 * {@link end} nothing runs.
 */
export class EventLoop implements Clock {
  /** When the loop was paused, while it is paused or works off what waited meanwhile; otherwise Infinity. */
  pausedAt = Infinity;
  #isPaused = false;
  #hasEnded = false;
  readonly #timers: Callback[] = [];
  readonly #messages: Callback[] = [];

  readonly #deps: EventLoopDeps;

  constructor(deps: EventLoopDeps) {
    this.#deps = deps;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  now(): number {
    return this.#deps.queue.now;
  }

  wall(): number {
    return Math.floor(this.#deps.wallMs + this.#deps.queue.now);
  }

  setTimer(ms: number, run: () => void): () => void {
    const callback: Callback = { run };
    this.#deps.queue.after(ms, () => this.#enter(callback, this.#timers));
    return () => {
      callback.run = undefined;
    };
  }

  /** There is no Node.js process of its own that could end. */
  stayAlive(): void {
    return undefined;
  }

  afterTurn(run: () => void): () => void {
    return this.setTimer(this.#deps.turnMs, run);
  }

  /** Runs `run` now, or behind the messages that wait while the loop is paused. */
  message(run: () => void): void {
    this.#enter({ run }, this.#messages);
  }

  /** Stops running callbacks until {@link resume}. */
  pause(): void {
    if (!this.#isPaused) this.pausedAt = this.#deps.queue.now;
    this.#isPaused = true;
  }

  /** Ends {@link pause}. @param first Code that runs before any timer and message that waited */
  resume(first: () => void = () => undefined): void {
    this.#isPaused = false;
    first();
    for (const callback of [...this.#timers.splice(0), ...this.#messages.splice(0)])
      this.#enter(callback, this.#messages);
    this.pausedAt = Infinity;
  }

  /** Ends the process: nothing runs any more. */
  end(): void {
    this.#hasEnded = true;
  }

  #enter(callback: Callback, waiting: Callback[]): void {
    if (this.#hasEnded) return;
    if (this.#isPaused) return void waiting.push(callback);
    if (callback.run === undefined) return;
    callback.run();
    this.#deps.onTurnEnd();
  }
}
