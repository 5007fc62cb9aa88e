import type { Effect, PeerProtocol } from '../protocol';
import type { Connection, Subscription } from '../transport';
import type { Clock } from './clock';

/** The timer is set at least so often, due or not: who asks how late it is learns soon that timers do not come any more. */
const LONGEST_WAIT_MS = 1000;

/** Effects that concern the node as a whole; the driver runs all others itself. */
export type NodeEffect = Exclude<Effect, { type: 'subscribe' | 'unsubscribe' | 'send' | 'flush' | 'probe' }>;

/**
 * Runs a {@link PeerProtocol}: time and messages in, effects out, in the order in which the protocol gave them.
 *
 * Whatever calls into the protocol hands its effects to {@link run}. A write made by an observer while effects are being
 * run joins the end of the queue, so frames leave in the order of the operations they carry. After every batch one timer
 * is armed for the protocol's next deadline.
 */
export class ProtocolDriver {
  readonly #queue: Effect[] = [];
  readonly #subscriptions = new Map<string, Subscription>();
  #running = false;
  #connection: Connection | undefined;
  #cancelTimer: () => void = () => undefined;
  #armedFor = Infinity;
  #dueAt = Infinity;

  constructor(
    private readonly protocol: PeerProtocol,
    private readonly clock: Clock,
    private readonly onEffect: (effect: NodeEffect) => void,
    private readonly onSettled: () => void,
  ) {}

  /** The connection effects go to; without one, sends and probes are dropped, as a broker that is away would. */
  attach(connection: Connection): void {
    this.#connection = connection;
  }

  /** By how many milliseconds the next step is late: more than a moment means that this node itself stands still. */
  get overdueMs(): number {
    return Math.max(0, this.clock.now() - this.#dueAt);
  }

  /** Ends every subscription and timer. Effects given later are dropped. */
  stop(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => undefined;
    this.#dueAt = Infinity;
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
    this.#subscriptions.clear();
    this.#queue.length = 0;
    this.#connection = undefined;
  }

  /** Runs effects now, or behind those that are being run further up the stack. */
  run(effects: readonly Effect[]): void {
    for (const effect of effects) this.#queue.push(effect);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let i = 0; i < this.#queue.length; i++) this.#runOne(this.#queue[i]);
    } finally {
      this.#queue.length = 0;
      this.#running = false;
    }
    this.#arm();
    this.onSettled();
  }

  #runOne(effect: Effect): void {
    switch (effect.type) {
      case 'send':
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
      default:
        return this.onEffect(effect);
    }
  }

  #subscribe(subject: string): void {
    const subscription = this.#connection?.subscribe(subject, (on, bytes, reply) =>
      this.run(this.protocol.receive(on, bytes, reply, this.clock.now())),
    );
    if (subscription !== undefined) this.#subscriptions.set(subject, subscription);
  }

  #flush(id: number): void {
    this.#connection?.flush().then(
      () => this.run(this.protocol.flushed(id, this.clock.now())),
      // Not connected: what was published may be lost, and the protocol learns of the disconnect by itself.
      () => undefined,
    );
  }

  #probe({ id, subject, reply, bytes, timeoutMs }: Extract<Effect, { type: 'probe' }>): void {
    this.#connection?.request(subject, bytes, { reply, timeoutMs }, (outcome) =>
      this.run(this.protocol.probeResult(id, outcome, this.clock.now())),
    );
  }

  #tick(): void {
    this.#armedFor = Infinity;
    const now = this.clock.now();
    if (this.protocol.nextDeadline() > now) this.#arm();
    else this.run(this.protocol.tick(now));
  }

  /** One timer, for the earliest deadline. A deadline that is due means: when this turn is over. */
  #arm(): void {
    const deadline = this.protocol.nextDeadline();
    if (deadline === this.#armedFor) return;
    this.#cancelTimer();
    this.#armedFor = deadline;
    this.#dueAt = Infinity;
    if (deadline === Infinity) return;
    const now = this.clock.now();
    const wait = Math.min(deadline - now, LONGEST_WAIT_MS);
    this.#dueAt = now + wait;
    const tick = (): void => this.#tick();
    // setTimeout waits a millisecond at least; a write that found its stream quiet must leave at the end of this turn.
    this.#cancelTimer = wait < 1 ? this.clock.afterTurn(tick) : this.clock.setTimer(Math.ceil(wait), tick);
  }
}
