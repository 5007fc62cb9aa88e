import type { Timers } from '../../lifetime';
import type { QueuedMessage } from './queued-message';

/** So many handlers begin however long the turn has been, and so many before those that have begun get to go on. */
const FEW_HANDLERS = 8;
/** So long handlers begin in one turn of the event loop, in milliseconds. */
const MS_PER_TURN = 10;
/** Taken once: tests of users may replace it later, and never run what is planned. */
const nextTick = process.nextTick.bind(process);

/**
 * Spreads the handlers of a node over turns of the event loop: a peer can ask for a thousand with what one turn has room for, and each
 * may take a tenth of a millisecond behind guards, pipes and interceptors.
 *
 *     few since the last look ──► begin at once
 *     more ──► begin while the turn has time ── none left ──► the next turn
 *     calls of other nodes, while too much is on its way to the broker ──► when it is not
 *
 * Most of what a handler does may be behind its first `await`, and what it returns is encoded there. So a few begin at a time, and the next ones
 * when the promises of those have had their say: the clock sees it then.
 *
 * All other work that nodes bring about in numbers is spread by `SharedTurns` of lifetime/. Handlers are not, because each call passes here: the first few
 * cost no closure, no timer and no clock read but the one that the deadline of the call needs anyway. Nor are places shared among the nodes here: what
 * waits is a mailbox, in which they are shared already, and which may be one of many that a node has filled.
 */
export class HandlerTurns {
  readonly #timers: Pick<Timers, 'now' | 'afterTurn'>;
  readonly #congestion: () => Promise<void> | undefined;
  /** How many have begun in this turn, or in those before it if it were few. */
  #begun = 0;
  /** When the first beyond those few began; undefined: none has in this turn. */
  #since: number | undefined;
  #waiting: (() => void)[] = [];
  /** How many have begun since the promises of all before had their say. */
  #together = 0;
  /** What goes on when they have had it. */
  #paused: (() => void)[] = [];
  /** What waits for the end of a congestion. */
  #held = new Set<() => void>();

  /** A field, because it is passed on as a function. */
  readonly #goOn = (): void => {
    this.#together = 0;
    const paused = this.#paused;
    this.#paused = [];
    // Those for which there is no room any more come back.
    for (const begin of paused) begin();
  };

  /** @param congestion Returns what calls of other nodes must wait for, if there is such a thing: their replies would have no room. */
  constructor(
    timers: Pick<Timers, 'now' | 'afterTurn'>,
    congestion: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#timers = timers;
    this.#congestion = congestion;
  }

  /** Whether a message may not be handled yet, because it is a call of another node and its reply would have no room. */
  mustWait({ load, message }: QueuedMessage): boolean {
    return load !== undefined && message.kind === 'call' && this.#congestion() !== undefined;
  }

  /** Runs `begin`, once, when no call has to wait for room any more. It must not throw. */
  whenClear(begin: () => void): void {
    this.#held.add(begin);
    if (this.#held.size > 1) return;
    const run = (): void => {
      const held = this.#held;
      this.#held = new Set();
      for (const next of held) next();
    };
    const isOver = this.#congestion() ?? Promise.resolve();
    isOver.then(run, run);
  }

  /** One more is about to begin. @returns The time, which its deadline needs, too; undefined if this turn has none left for it */
  begin(): number | undefined {
    const now = this.#timers.now();
    this.#begun += 1;
    this.#together += 1;
    if (this.#begun <= FEW_HANDLERS) return now;
    this.#since ??= this.#endLater(now);
    return now - this.#since < MS_PER_TURN ? now : undefined;
  }

  /** Whether few have begun in this turn: so many may begin in each although the node that asks for them is behind with taking replies. */
  get areFew(): boolean {
    return this.#begun <= FEW_HANDLERS;
  }

  /** Whether the handlers that have begun must get to go on before the next one begins. */
  get mustPause(): boolean {
    return this.#together >= FEW_HANDLERS;
  }

  /** Runs `begin` in this turn, when all promises that are settled have had their say. It must not throw. */
  pause(begin: () => void): void {
    // From a microtask, because all ticks that are planned run before the next microtask, also those that a tick plans.
    if (this.#paused.length === 0) queueMicrotask(() => nextTick(this.#goOn));
    this.#paused.push(begin);
  }

  /** Runs `begin` in the next turn, or in one after it if others use its time: they take turns. It must not throw. */
  later(begin: () => void): void {
    this.#since ??= this.#endLater(this.#timers.now());
    this.#waiting.push(begin);
  }

  #endLater(now: number): number {
    this.#timers.afterTurn(() => this.#nextTurn());
    return now;
  }

  #nextTurn(): void {
    this.#begun = 0;
    this.#since = undefined;
    const [first, ...others] = this.#waiting;
    this.#waiting = [];
    // The one that was first may have had all the time of the turn.
    for (const begin of others) begin();
    first?.();
  }
}
