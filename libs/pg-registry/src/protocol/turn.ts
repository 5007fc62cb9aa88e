import type { Effect } from '../cluster';
import type { ProtocolComponents } from './protocol-components';

/**
 * The frame around every command and input of one node's protocol: `begin`, what is to be done, `end`. A pair, and not a function
 * that is given what to do, so that no write and no frame makes a closure.
 */
export class Turn {
  /** Whether this node has left, or was fenced: no turn begins any more. */
  isOver = false;
  /** When the next tick is due; Infinity: never. Kept, because the driver asks after every turn; nothing else moves it. */
  readonly nextTick = { at: Infinity };
  /** The deadline that was promised to be met. */
  #expectedAt = Infinity;
  #hasStalled = false;

  readonly #components: ProtocolComponents;

  constructor(components: ProtocolComponents) {
    this.#components = components;
  }

  /** Sets the time, unless the clock went back. Returns false if the protocol is over: there is nothing to do or to end then. */
  begin(now: number): boolean {
    if (this.isOver) return false;
    const { endpoint, liveness } = this.#components;
    if (now > endpoint.now) endpoint.now = now;
    this.#hasStalled = endpoint.maySpeak && endpoint.now - this.#expectedAt > endpoint.options.stallMs;
    if (this.#hasStalled) {
      endpoint.count('own-stalls');
      liveness.stalled(); // before the call itself: it may be a time-out that overtook its answer in the stalled queue
    }
    return true;
  }

  /**
   * Returns what is to be run after something that brought no deadline nearer. To look for the next one reads nine parts, which a process that
   * was just woken has to fetch: a microsecond of a call with one in flight, on each end.
   */
  endUnmoved(): Effect[] {
    if (this.#hasStalled) return this.end();
    const { endpoint } = this.#components;
    this.#expectedAt = Math.max(this.nextTick.at, endpoint.now);
    return endpoint.takeEffects();
  }

  /** Finds the next deadline and returns what is to be run. */
  end(): Effect[] {
    const { endpoint, membership, liveness, onlookerCheck, drain, streams, initialDiscovery } =
      this.#components;
    // Not in `begin`: a write has changed its table already, and a digest before it is numbered would fit no number of the stream.
    if (this.#hasStalled && endpoint.maySpeak) membership.discover();
    this.nextTick.at = this.isOver
      ? Infinity
      : Math.min(
          membership.helloAt,
          membership.answers.next(),
          liveness.checks.next(),
          liveness.ringAt,
          liveness.isolatedAt,
          onlookerCheck.nextDeadline,
          drain.nextDeadline,
          streams.schedule.next(),
          initialDiscovery.nextDeadline,
        );
    // A call shows that the stall is over, however long ago the deadlines were: one stall counts once.
    this.#expectedAt = Math.max(this.nextTick.at, endpoint.now);
    return endpoint.takeEffects();
  }
}
