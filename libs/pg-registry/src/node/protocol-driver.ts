import type { CallPort } from '../calls';
import type { Effect } from '../cluster';
import type { PeerProtocol } from '../protocol';
import type { Connection, Subscription } from '../transport';
import { beginsAsFrame } from '../wire';
import type { Clock } from './clock';
import { type BacklogStats, EXIT_BYTES, FEW_BYTES, InboundBacklog, MESSAGE_BYTES } from './inbound-backlog';
import type { Waits } from './waits';

/** The timer is set at least this often, due or not, so that `overdueMs` soon shows when timers no longer fire. */
const LONGEST_WAIT_MS = 1000;

/** Effects that concern the node as a whole; the driver runs all others itself. */
export type NodeEffect = Exclude<
  Effect,
  { type: 'subscribe' | 'unsubscribe' | 'send' | 'flush' | 'probe' | 'diff' | 'deliver' }
>;

/** What the driver uses of a {@link PeerProtocol}. */
export type DrivenProtocol = Pick<
  PeerProtocol,
  'receive' | 'flushed' | 'probeResult' | 'isProbing' | 'nextTick' | 'tick'
>;

/** What the driver uses of a {@link CallPort}. */
export type DrivenCalls = Pick<CallPort, 'receive' | 'flush' | 'waiting'>;

/** What a {@link ProtocolDriver} is given. */
export interface ProtocolDriverDeps {
  readonly protocol: DrivenProtocol;
  readonly clock: Clock;
  /** Checked after each batch of effects. */
  readonly waits: Pick<Waits, 'check'> & { readonly open: { readonly size: number } };
  /** Called for each message that was dropped because too many wait, with the token of its sender. Must not throw. */
  readonly onDropped: (sender: string) => void;
  /** Runs the effects that concern the node as a whole. */
  readonly onEffect: (effect: NodeEffect) => void;
  /** Called with what a step of the protocol, or an effect, threw; the other effects are run all the same. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/**
 * Runs a {@link PeerProtocol}: gives it time and messages, and runs its effects in the order in which it returned them.
 *
 * All code that calls the protocol hands its effects to {@link run}. A write made by an observer while effects are being
 * run joins the end of the queue, so frames leave in the order of the operations they carry. After every batch one timer
 * is armed for the protocol's next deadline.
 */
export class ProtocolDriver {
  #queue: Effect[] = [];
  readonly #subscriptions = new Map<string, Subscription>();
  #running = false;
  #connection: Connection | undefined;
  #calls: DrivenCalls | undefined;
  #cancelTimer: () => void = () => undefined;
  /** When the timer fires; Infinity: there is none. */
  #wakesAt = Infinity;
  #cancelTurn: () => void = () => undefined;
  /** Since when the end of the turn is waited for; Infinity: it is not. */
  #turnEndsAt = Infinity;

  readonly #protocol: DrivenProtocol;
  readonly #clock: Clock;
  readonly #waits: ProtocolDriverDeps['waits'];
  readonly #onEffect: (effect: NodeEffect) => void;
  readonly #onError: (error: unknown) => void;
  readonly #backlog: InboundBacklog;

  constructor({ protocol, clock, waits, onDropped, onEffect, onError }: ProtocolDriverDeps) {
    this.#protocol = protocol;
    this.#clock = clock;
    this.#waits = waits;
    this.#onEffect = onEffect;
    this.#onError = onError;
    this.#backlog = new InboundBacklog({
      clock,
      onDropped,
      deliver: (...message) => this.#deliver(...message),
    });
  }

  /**
   * Sends effects to this connection from now on. Without one, frames and probes are lost, as with a broker that is away.
   *
   * @param calls Gets the frames for processes that come in. What it has collected leaves before any frame of the protocol.
   */
  attach(connection: Connection, calls: DrivenCalls): void {
    this.#connection = connection;
    this.#calls = calls;
  }

  /** How many milliseconds the next step is late. More than a moment means that this node itself stands still. */
  get overdueMs(): number {
    return Math.max(0, this.#clock.now() - Math.min(this.#wakesAt, this.#turnEndsAt));
  }

  /** The messages that wait for a later turn of the event loop. */
  get backlog(): BacklogStats {
    return this.#backlog.stats;
  }

  /**
   * Takes a message that came on a subscription: now, or in a later turn if this one has no room. A field, because it is passed on as a
   * function.
   */
  readonly receive = (subject: string, bytes: Uint8Array, reply: string): void => {
    this.#receive(subject, bytes, reply, bytes.length + MESSAGE_BYTES);
  };

  /** Takes a message of those that ask to end a process, or give an order: few of them are handled in a turn. A field, as above. */
  readonly receiveExit = (subject: string, bytes: Uint8Array, reply: string): void => {
    this.#receive(subject, bytes, reply, Math.max(bytes.length + MESSAGE_BYTES, EXIT_BYTES));
  };

  /** Ends every subscription and timer. Effects given later are dropped. */
  stop(): void {
    this.#cancelTimer();
    this.#cancelTurn();
    this.#backlog.clear();
    this.#wakesAt = Infinity;
    this.#turnEndsAt = Infinity;
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
    this.#subscriptions.clear();
    this.#queue.length = 0;
    this.#connection = undefined;
  }

  /** Runs effects now, or behind those that are being run further up the stack. */
  run(effects: readonly Effect[]): void {
    if (this.#running) {
      for (const effect of effects) this.#queue.push(effect);
      return;
    }
    this.#running = true;
    // A new list each time: V8 empties one by a call into its runtime, half a microsecond of a process that was just woken.
    this.#queue = [...effects];
    // What is queued meanwhile included. An effect that fails must not stop the others: nobody up the stack could run them again.
    for (const effect of this.#queue) {
      try {
        this.#runOne(effect);
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#queue = [];
    this.#running = false;
    this.#arm();
    if (this.#waits.open.size > 0) this.#waits.check();
  }

  /**
   * Runs a step of the protocol and what it returns, for the callbacks of timers and promises: what those throw ends the Node.js process.
   *
   * @returns False if it threw.
   */
  #step(step: (now: number) => readonly Effect[]): boolean {
    try {
      this.run(step(this.#clock.now()));
      return true;
    } catch (error) {
      this.#onError(error);
      return false;
    }
  }

  #runOne(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        if (this.#calls !== undefined && this.#calls.waiting.size > 0) this.#calls.flush();
        return this.#connection?.publish(effect.subject, effect.bytes);
      case 'subscribe':
        return this.#subscribe(effect.subject);
      case 'unsubscribe':
        this.#subscriptions.get(effect.subject)?.unsubscribe();
        this.#subscriptions.delete(effect.subject);
        return;
      case 'flush':
        return this.#flush(effect.id);
      case 'probe':
        return this.#probe(effect);
      case 'diff':
        return effect.receiver.applyDiff(effect.diff, effect.cause);
      case 'deliver':
        return this.#calls?.receive(effect);
      default:
        return this.#onEffect(effect);
    }
  }

  #receive(subject: string, bytes: Uint8Array, reply: string, cost: number): void {
    const backlog = this.#backlog;
    // Anybody can have the broker answer on a subject of another node. That is refused by its first bytes, so it does not wait, nor take the
    // place of what that node sends. To refuse it, with a count of its own and perhaps a line of the log, takes 7 µs, so in a storm it is dropped.
    const isFrame = beginsAsFrame(bytes);
    backlog.spent += isFrame ? cost : MESSAGE_BYTES;
    if (backlog.spent <= FEW_BYTES)
      this.run(this.#protocol.receive(subject, bytes, reply, this.#clock.now()));
    else if (isFrame) backlog.receive(subject, bytes, reply, cost);
    else backlog.drop();
  }

  /** Handles a message that waited. */
  #deliver(subject: string, bytes: Uint8Array, reply: string): void {
    this.#step((now) => this.#protocol.receive(subject, bytes, reply, now));
  }

  #subscribe(subject: string): void {
    const subscription = this.#connection?.subscribe(subject, this.receive);
    if (subscription !== undefined) this.#subscriptions.set(subject, subscription);
  }

  #flush(id: number): void {
    this.#connection?.flush().then(
      () => this.#step((now) => this.#protocol.flushed(id, now)),
      // Not connected: frames may be lost, and the protocol hears of the disconnect elsewhere.
      () => undefined,
    );
  }

  #probe({ id, subject, reply, bytes, timeoutMs }: Extract<Effect, { type: 'probe' }>): void {
    // What answers may be anything, such as a stream that acknowledges all messages: then the probe goes on.
    this.#connection?.request(subject, bytes, { reply, timeoutMs }, (outcome) => {
      this.#step((now) => this.#protocol.probeResult(id, outcome, now));
      return !this.#protocol.isProbing(id);
    });
  }

  /**
   * Sets a timer for the next deadline. A deadline that is due is met when this turn is over; setTimeout would wait a millisecond at
   * least.
   *
   * A deadline that has moved away leaves its timer: it fires for nothing and is set anew. Most frames move a deadline, and each would
   * otherwise cancel a timer and set another.
   */
  #arm(): void {
    const deadline = this.#protocol.nextTick.at;
    if (deadline >= this.#wakesAt) return;
    const now = this.#clock.now();
    const wait = Math.min(deadline - now, LONGEST_WAIT_MS);
    if (wait < 1) {
      if (this.#turnEndsAt !== Infinity) return;
      this.#turnEndsAt = now;
      this.#cancelTurn = this.#clock.afterTurn(() => {
        this.#turnEndsAt = Infinity;
        this.#tick();
      });
      return;
    }
    this.#cancelTimer();
    this.#wakesAt = now + wait;
    this.#cancelTimer = this.#clock.setTimer(Math.ceil(wait), () => this.#wake());
  }

  #tick(): void {
    if (this.#protocol.nextTick.at > this.#clock.now()) return this.#arm();
    if (this.#step((now) => this.#protocol.tick(now))) return;
    // It failed before a timer was set; without one this node would stand still for ever.
    this.#cancelTimer();
    this.#wakesAt = this.#clock.now() + LONGEST_WAIT_MS;
    this.#cancelTimer = this.#clock.setTimer(LONGEST_WAIT_MS, () => this.#wake());
  }

  #wake(): void {
    this.#wakesAt = Infinity;
    // Each tick has room for as many rows of peers, so one that is planned for the end of this round of the event loop is enough.
    if (this.#turnEndsAt === Infinity) this.#tick();
  }
}
