import { InvalidOptionError } from '../term';
import type { Change, Diff } from '../table';
import type { DiffReceiver, Effect, PeerEvent, RemoteCause } from './effect';
import {
  type AnnouncedKind,
  belongsTo,
  encodeEnvelope,
  type FrameKind,
  type InboxKind,
  inEnvelope,
  isIncarnation,
  MAX_EPOCH,
  Subjects,
  type VersionRange,
} from '../wire';
import type { ProtocolOptions } from './protocol-options';
import { Throttle } from './throttle';

const NOTHING = new Uint8Array(0);
/** The effects that are run before any that tell of something. */
const GOES_OUT: ReadonlySet<Effect['type']> = new Set(['send', 'probe', 'flush', 'subscribe', 'unsubscribe']);

/** What an {@link Endpoint} is given. */
export interface EndpointDeps {
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
 * What all parts of the protocol share: the node's identity, its clock, its counters, and the effects of the call under way. All frames
 * are sent through it, so that they get their envelope in one place, and a fenced or disconnected node is silent in one place.
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
  /** Milliseconds of a clock that never goes back. Only the protocol's {@link Turn} sets it. */
  now = -Infinity;
  /** Nothing is sent while false: without a connection it would be lost, and a fenced node must not send. */
  maySpeak = false;
  readonly counters = new Map<string, number>();
  readonly #subscriptions = new Set<string>();
  readonly #warnings: Throttle<string>;
  /** The envelope is the same for all frames of a kind, until the version changes or the epoch rises. */
  readonly #envelopes = new Map<FrameKind, { version: number; epoch: number; bytes: Uint8Array }>();
  /** What goes out stands before what others are told: the user's code may then write, and its frames must not overtake these. */
  #outgoing: Effect[] = [];
  #told: Effect[] = [];
  /** The changes of the latest diff effect. While it is the last effect, the next diff like it joins it. */
  #lastChanges: Change[] = [];
  readonly #afterFlush = new Map<number, () => void>();
  #flushes = 0;

  /** @throws InvalidOptionError if node or namespace cannot be part of a subject, or the incarnation is not the node's */
  constructor({ node, incarnation, epoch, namespace, versions, options, random }: EndpointDeps) {
    if (!isIncarnation(incarnation) || !belongsTo(incarnation, node)) {
      const message = `Incarnation '${incarnation}' must be one of node '${node}': make it with incarnationOf.`;
      throw new InvalidOptionError(message, { option: 'incarnation' });
    }
    if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) {
      const message = `The epoch must be a whole number from 0 to ${MAX_EPOCH} (got ${epoch}).`;
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

  emit(effect: Effect): void {
    // The first comparison spares the most frequent ones the look-up.
    if (effect.type !== 'deliver' && GOES_OUT.has(effect.type)) this.#outgoing.push(effect);
    else this.#told.push(effect);
  }

  /** Tells a scope that entries of a peer have changed. Neighbours of one scope and cause become one diff. */
  emitDiff(scope: string, receiver: DiffReceiver, diff: Diff, cause: RemoteCause): void {
    if (diff.length === 0) return;
    const last = this.#told.at(-1);
    if (last?.type === 'diff' && last.receiver === receiver && last.cause === cause) {
      for (const change of diff) this.#lastChanges.push(change);
      return;
    }
    this.#lastChanges = [...diff];
    this.#told.push({ type: 'diff', scope, receiver, diff: this.#lastChanges, cause });
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

  /** From now on nothing is sent: what this call was about to send is dropped, and every subscription ends. */
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

  /** Flushes the connection, then runs `then`. `then` never runs if the connection breaks before, or there is none. */
  afterFlush(then: () => void): void {
    if (!this.maySpeak) return;
    const id = (this.#flushes += 1);
    this.#afterFlush.set(id, then);
    this.emit({ type: 'flush', id });
  }

  /** The flush with that id is done. One from before a disconnect is ignored. */
  flushed(id: number): void {
    const then = this.#afterFlush.get(id);
    this.#afterFlush.delete(id);
    then?.();
  }

  /** The connection is gone: nothing is sent, and no flush will be done. */
  disconnected(): void {
    this.maySpeak = false;
    this.#afterFlush.clear();
  }

  /** A frame of this node, ready to be published. `head` stands before the body. */
  frame(
    kind: FrameKind,
    body: Uint8Array = NOTHING,
    version: number = this.broadcastVersion,
    head: Uint8Array = NOTHING,
  ): Uint8Array {
    const { node, incarnation, epoch, versions } = this;
    let envelope = this.#envelopes.get(kind);
    if (envelope?.version !== version || envelope.epoch !== epoch) {
      const bytes = encodeEnvelope({ version, node, incarnation, epoch, kind, versions });
      envelope = { version, epoch, bytes };
      this.#envelopes.set(kind, envelope);
    }
    return inEnvelope(envelope.bytes, body, head);
  }

  /** Sends a frame to everybody. */
  announce(kind: AnnouncedKind, body?: Uint8Array): void {
    this.send(this.subjects.announce(kind), this.frame(kind, body));
  }

  /** Sends a frame to one node, in `version` if given. */
  tell(node: string, kind: InboxKind, body?: Uint8Array, version?: number): void {
    this.send(this.subjects.to(node, kind), this.frame(kind, body, version));
  }

  send(subject: string, bytes: Uint8Array): void {
    if (this.maySpeak) this.#outgoing.push({ type: 'send', subject, bytes });
    else this.count('unsaid');
  }

  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  /** Counts, and logs at most one message per reason and interval. */
  warn(reason: string, message: string, scope?: string): void {
    this.count(reason);
    if (!this.#warnings.pass(reason, this.now)) return;
    this.emit({ type: 'warn', reason, message, ...(scope !== undefined && { scope }) });
  }
}
