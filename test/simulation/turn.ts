import type { Clock } from '../../libs/pg-registry/src/node/clock';
import type { Agenda } from './agenda';

/** How long a turn of an event loop takes. */
const TURN_MS = 0.2;

interface Waiting {
  run: (() => void) | undefined;
}

/**
 * The event loop of one node: whatever calls its code comes through here. While it stands still, timers and messages wait;
 * when it goes on, overdue timers run first and then what lies in the socket, as Node.js does it. After its end nothing runs.
 */
export class Turn implements Clock {
  /** Since when it stands still, or when what it does now came: what is done after a stand-still is old. */
  oldestNewsAt = Infinity;
  #standsStill = false;
  #ended = false;
  readonly #timers: Waiting[] = [];
  readonly #messages: Waiting[] = [];

  readonly #agenda: Agenda;
  readonly #wallMs: number;
  readonly #onEnd: () => void;

  /**
   * @param wallMs What the machine's clock says at virtual time 0
   * @param onEnd Told when a turn is over
   */
  constructor(agenda: Agenda, wallMs: number, onEnd: () => void) {
    this.#agenda = agenda;
    this.#wallMs = wallMs;
    this.#onEnd = onEnd;
  }

  get standsStill(): boolean {
    return this.#standsStill;
  }

  now(): number {
    return this.#agenda.now;
  }

  wall(): number {
    return Math.floor(this.#wallMs + this.#agenda.now);
  }

  setTimer(ms: number, fn: () => void): () => void {
    return this.timer(ms, fn);
  }

  afterTurn(fn: () => void): () => void {
    return this.timer(TURN_MS, fn);
  }

  timer(ms: number, run: () => void): () => void {
    const waiting: Waiting = { run };
    this.#agenda.after(ms, () => this.#enter(waiting, this.#timers));
    return () => {
      waiting.run = undefined;
    };
  }

  message(run: () => void): void {
    this.#enter({ run }, this.#messages);
  }

  /** Does nothing from now on. */
  pause(): void {
    if (!this.#standsStill) this.oldestNewsAt = this.#agenda.now;
    this.#standsStill = true;
  }

  /** Goes on after it stood still. */
  resume(): void {
    this.#standsStill = false;
    for (const waiting of [...this.#timers.splice(0), ...this.#messages.splice(0)])
      this.#enter(waiting, this.#messages);
    this.oldestNewsAt = Infinity;
  }

  end(): void {
    this.#ended = true;
  }

  #enter(waiting: Waiting, queue: Waiting[]): void {
    if (this.#ended) return;
    if (this.#standsStill) return void queue.push(waiting);
    if (waiting.run === undefined) return;
    waiting.run();
    this.#onEnd();
  }
}
