import { InvalidOptionError } from '../term';
import type { Effect, PeerEvent } from './effect';
import {
  belongsTo,
  encodeEnvelope,
  type FrameKind,
  inEnvelope,
  isIncarnation,
  MAX_EPOCH,
  Subjects,
  type VersionRange,
} from '../wire';
import type { ProtocolOptions } from './protocol-options';
import { Throttle } from './throttle';

const NOTHING = new Uint8Array(0);

/** What an {@link Endpoint} is made of. */
export interface EndpointParameters {
  readonly node: string;
  readonly incarnation: string;
  readonly epoch: number;
  readonly namespace: string;
  readonly versions: VersionRange;
  readonly options: ProtocolOptions;
  /** A number in [0, 1), like `Math.random`. */
  readonly random: () => number;
}

/**
 * This node's own end of all conversations: who it is, its clock, what it counted, and the effects of the call under way.
 * Membership, Liveness and the rest speak through it, so that a frame gets its envelope in one place and a fenced or
 * disconnected node is mute in one place.
 */
export class Endpoint {
  readonly node: string;
  readonly incarnation: string;
  readonly versions: VersionRange;
  readonly options: ProtocolOptions;
  readonly random: () => number;
  readonly subjects: Subjects;
  /** Only this node may raise it, and it never falls. */
  epoch: number;
  /** The version in which frames to everybody are written; Membership keeps it at what all peers understand. */
  broadcastVersion: number;
  /** The largest frame that the server takes, within the option. */
  maxFrameBytes: number;
  /** Nothing is said while false: a publish without a connection would vanish, and a fenced node has no right to speak. */
  maySpeak = false;
  readonly counters = new Map<string, number>();
  readonly #subscriptions = new Set<string>();
  readonly #warnings: Throttle<string>;
  /** What stands before the body of a frame is the same for all frames of a kind, until the epoch rises. */
  readonly #envelopes = new Map<FrameKind, { version: number; epoch: number; bytes: Uint8Array }>();
  #now = -Infinity;
  /** What goes out stands before what others are told: their code may write, and must not overtake what came first. */
  #outgoing: Effect[] = [];
  #told: Effect[] = [];

  /** @throws InvalidOptionError if node or namespace cannot be part of a subject, or the incarnation is not the node's */
  constructor({ node, incarnation, epoch, namespace, versions, options, random }: EndpointParameters) {
    if (!isIncarnation(incarnation) || !belongsTo(incarnation, node)) {
      const message = `Incarnation '${incarnation}' is none of node '${node}'; incarnationOf makes one.`;
      throw new InvalidOptionError(message, { option: 'incarnation' });
    }
    if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) {
      const message = `Epoch ${epoch} is not a whole number from 0 to ${MAX_EPOCH}.`;
      throw new InvalidOptionError(message, { option: 'epoch' });
    }
    this.node = node;
    this.incarnation = incarnation;
    this.epoch = epoch;
    this.versions = versions;
    this.broadcastVersion = versions.max;
    this.options = options;
    this.maxFrameBytes = options.maxFrameBytes;
    this.random = random;
    this.subjects = new Subjects(namespace, node);
    this.#warnings = new Throttle(options.warnIntervalMs, 256);
  }

  /** Milliseconds of a clock that never goes back. */
  get now(): number {
    return this.#now;
  }

  /** Takes the time of a call; an earlier one than before is a clock's mistake and is not followed. */
  advance(now: number): void {
    if (now > this.#now) this.#now = now;
  }

  emit(effect: Effect): void {
    if (goesOut(effect)) this.#outgoing.push(effect);
    else this.#told.push(effect);
  }

  /** Subscribes, once however often it is called. */
  subscribe(subject: string): void {
    if (this.#subscriptions.has(subject)) return;
    this.#subscriptions.add(subject);
    this.emit({ type: 'subscribe', subject });
  }

  unsubscribe(subject: string): void {
    if (this.#subscriptions.delete(subject)) this.emit({ type: 'unsubscribe', subject });
  }

  /** From now on nothing is said; what this call was about to say is dropped, and every subscription ends. */
  silence(): void {
    this.maySpeak = false;
    this.#outgoing = this.#outgoing.filter(({ type }) => type === 'unsubscribe');
    for (const subject of this.#subscriptions) this.unsubscribe(subject);
  }

  emitPeer(event: PeerEvent): void {
    this.emit({ type: 'peer', event });
  }

  /** Hands over the effects of the call under way. */
  takeEffects(): Effect[] {
    const effects = this.#outgoing;
    for (const effect of this.#told) effects.push(effect);
    this.#outgoing = [];
    this.#told = [];
    return effects;
  }

  /** A frame of this node, ready to be published. */
  frame(kind: FrameKind, body: Uint8Array = NOTHING, version = this.broadcastVersion): Uint8Array {
    const { node, incarnation, epoch, versions } = this;
    let envelope = this.#envelopes.get(kind);
    if (envelope?.version !== version || envelope.epoch !== epoch) {
      const bytes = encodeEnvelope({ version, node, incarnation, epoch, kind, versions });
      envelope = { version, epoch, bytes };
      this.#envelopes.set(kind, envelope);
    }
    return inEnvelope(envelope.bytes, body);
  }

  /** Says something to everybody. */
  announce(kind: 'hello' | 'suspect' | 'goodbye', body?: Uint8Array): void {
    this.send(this.subjects.announce(kind), this.frame(kind, body));
  }

  /** Says something to one node, in the version of the pair if given. */
  tell(node: string, kind: FrameKind, body?: Uint8Array, version?: number): void {
    this.send(this.subjects.to(node, kind), this.frame(kind, body, version));
  }

  send(subject: string, bytes: Uint8Array): void {
    if (this.maySpeak) this.emit({ type: 'send', subject, bytes });
    else this.count('unsaid');
  }

  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  /** Logs at most one message per reason and interval; all are counted. */
  warn(reason: string, message: string, scope?: string): void {
    this.count(reason);
    if (!this.#warnings.pass(reason, this.now)) return;
    this.emit({ type: 'warn', reason, message, ...(scope !== undefined && { scope }) });
  }
}

function goesOut({ type }: Effect): boolean {
  return (
    type === 'send' || type === 'probe' || type === 'flush' || type === 'subscribe' || type === 'unsubscribe'
  );
}
