import {
  type CrashDetection,
  type Effect,
  type Endpoint,
  maxFrameBytesFor,
  type Peer,
  type PeerView,
  type ProbeOutcome,
  viewOf,
} from '../cluster';
import type { Arrival, ReplicationMemory, ScopeStart } from '../replication';
import { type ProcessKind, type Sender, type Subjects, versionsOf } from '../wire';
import {
  createProtocolComponents,
  type PeerProtocolDeps,
  type ProtocolComponents,
} from './protocol-components';
import { ScopeStream, type ScopeStreamDeps } from './scope-stream';
import { Turn } from './turn';

/** Where a node's protocol is in its life. */
export type ProtocolState = 'ready' | 'draining' | 'left' | 'fenced';

/** Figures for `stats()`. */
export interface ProtocolStats {
  /** Admitted peers, suspects included. */
  readonly peers: number;
  /** Peers in doubt. */
  readonly suspects: number;
  /** Whether crashes show at once here, or only as silence. */
  readonly crashDetection: CrashDetection;
  /** Incarnations that said goodbye or were superseded, remembered so that a late frame does not bring them back. */
  readonly tombstones: number;
  /** What replication holds in memory. */
  readonly memory: ReplicationMemory;
  /** The peers whose entries are not all here. */
  readonly arrivals: PeerArrivals;
  /** How often frames, repairs, syncs and refusals happened since the start, by name. Absent: never. */
  readonly counters: Readonly<Record<string, number>>;
}

/** The peers whose entries are not all here, by name. */
export interface PeerArrivals {
  /** Their entries are on their way: `synced()` waits for them. */
  readonly awaited: readonly string[];
  /** They sent nothing for `syncPatienceMs` although they were asked. They are asked on, and nobody waits for them. */
  readonly givenUp: readonly string[];
  /** They have more entries than `maxEntriesPerPeer` or `maxPeerBytes` allow: in at least one scope none of them are shown. */
  readonly overfull: readonly string[];
}

/** Whether an incarnation can be asked something: `draining` has said that it is about to leave; `unknown` is no peer. */
export type PeerAvailability = 'ready' | 'draining' | 'suspect' | 'unknown';

/** A frame of this node, and where to publish it. */
export interface OutgoingFrame {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/**
 * The whole peer protocol of one node as one object without I/O: node/ drives it with a connection and timers, the
 * simulator with a virtual network and virtual time. It has reads, commands and inputs. Commands and inputs return a list
 * of effects, to be run in order; after each of them one timer is set anew, for `nextTick`.
 *
 *     ready ── drain ──► draining ── goodbye ──► left          fenced: a namesake with a higher epoch answered
 *       └──────────────── goodbye ────────────────┘            left and fenced say nothing and hear nothing any more
 *
 * `now` is a monotonic clock in milliseconds; an earlier time than before is not followed. A call that comes more than
 * `stallMs` after a deadline shows that this node itself stood still. Nothing here throws because of what a peer sent.
 */
export class PeerProtocol {
  readonly node: string;
  readonly incarnation: string;
  /** Builds this node's subjects. */
  readonly subjects: Subjects;
  /** Puts bodies into frames of this node. */
  readonly frames: Pick<Endpoint, 'frame'>;
  /** When `tick` is due; Infinity: never. Not in the future: as soon as the current turn of the event loop ends. */
  readonly nextTick: { readonly at: number };
  #state: ProtocolState = 'ready';
  #waits = 0;

  readonly #components: ProtocolComponents;
  readonly #turn: Turn;
  readonly #streamDeps: ScopeStreamDeps;

  /** @throws InvalidOptionError naming the option that is wrong */
  constructor(deps: PeerProtocolDeps) {
    this.#components = createProtocolComponents(deps, (by) => this.#fence(by));
    const { endpoint, streams } = this.#components;
    this.node = endpoint.node;
    this.incarnation = endpoint.incarnation;
    this.subjects = endpoint.subjects;
    this.frames = endpoint;
    this.#turn = new Turn(this.#components);
    this.nextTick = this.#turn.nextTick;
    this.#streamDeps = {
      streams,
      endpoint,
      turn: this.#turn,
      nextWaitId: () => (this.#waits += 1),
    };
  }

  // Reads

  get epoch(): number {
    return this.#components.endpoint.epoch;
  }

  get state(): ProtocolState {
    return this.#state;
  }

  /** Whether it has a peer, suspects included. */
  get hasPeers(): boolean {
    return this.#components.membership.peers.size > 0;
  }

  /** All peers, suspects included; frozen pictures, of each the same until it changes. Costs their number. */
  peers(): readonly PeerView[] {
    return [...this.#components.membership.peers.values()].map(viewOf);
  }

  /** The peer of that incarnation. */
  peer(incarnation: string): PeerView | undefined {
    const peer = this.#components.membership.peers.get(incarnation);
    return peer === undefined ? undefined : viewOf(peer);
  }

  /** Whether an incarnation is this node's own or an unsuspected peer's. O(1). */
  isReachable(incarnation: string): boolean {
    if (incarnation === this.incarnation) return !this.#turn.isOver;
    const peer = this.#components.membership.peers.get(incarnation);
    return peer !== undefined && peer.suspicion === undefined;
  }

  /** What is known of an incarnation, this node's own included. O(1). */
  availability({ incarnation }: Pick<Sender, 'incarnation'>): PeerAvailability {
    if (incarnation === this.incarnation) {
      if (this.#turn.isOver) return 'suspect';
      return this.#state === 'ready' ? 'ready' : 'draining';
    }
    const peer = this.#components.membership.peers.get(incarnation);
    if (peer === undefined) return 'unknown';
    if (peer.suspicion !== undefined) return 'suspect';
    return peer.draining ? 'draining' : 'ready';
  }

  /**
   * Whether the node is connected, every peer has had the time to introduce itself, and no scope is in its first sync. Peers that were
   * given up do not count, see {@link arrivals}. Costs peers + scopes.
   */
  get synced(): boolean {
    const { initialDiscovery, membership, streams, endpoint } = this.#components;
    if (!initialDiscovery.isOver) return false;
    for (const peer of membership.peers.values())
      if (introductionOf(peer, endpoint) === 'awaited') return false;
    return streams.synced;
  }

  /** Whether the node is connected, and every peer has had the time to introduce itself. O(1). */
  get hasDiscovered(): boolean {
    return this.#components.initialDiscovery.isOver;
  }

  /** Whose entries have not all arrived, and why. Costs peers × scopes. */
  arrivals(): PeerArrivals {
    const { membership, streams, endpoint } = this.#components;
    const [awaited, givenUp, overfull] = [new Set<string>(), new Set<string>(), new Set<string>()];
    const note = (node: string, arrival: Arrival): void => {
      if (arrival === 'awaited') awaited.add(node);
      else if (arrival === 'given-up') givenUp.add(node);
      else if (arrival === 'overfull') overfull.add(node);
    };
    for (const peer of membership.peers.values()) note(peer.node, introductionOf(peer, endpoint));
    for (const [{ node }, arrival] of streams.arrivals()) note(node, arrival);
    return { awaited: [...awaited], givenUp: [...givenUp], overfull: [...overfull] };
  }

  /** How often something was counted, by the name that it has in `stats().counters`. O(1). */
  count(name: string): number {
    return this.#components.endpoint.counters.get(name) ?? 0;
  }

  stats(): ProtocolStats {
    const { membership, onlookerCheck, streams, endpoint } = this.#components;
    const peers = [...membership.peers.values()];
    return {
      peers: peers.length,
      suspects: peers.filter(({ suspicion }) => suspicion !== undefined).length,
      crashDetection: onlookerCheck.result,
      tombstones: membership.ledger.size,
      memory: streams.memory,
      arrivals: this.arrivals(),
      counters: Object.fromEntries(endpoint.counters),
    };
  }

  /** The names of the peers that this node watches on the ring, the nearest first. */
  watched(): readonly string[] {
    return this.#components.liveness.watched().map(({ node }) => node);
  }

  /** The subjects to which it subscribes, but for those of scopes. */
  subscriptions(): readonly string[] {
    return this.#components.router.subscriptions();
  }

  /** The stream of a running scope, for a caller that has not kept it. @throws ScopeNotRunningError */
  stream(scope: string): ScopeStream {
    return new ScopeStream(this.#components.streams.get(scope), this.#streamDeps);
  }

  /** The version in which this node talks to a peer; 0: it is none. O(1). */
  versionOf({ incarnation }: Pick<Sender, 'incarnation'>): number {
    return this.#components.membership.peers.get(incarnation)?.version ?? 0;
  }

  /** Whether a probe has not ended yet. */
  isProbing(id: number): boolean {
    return this.#components.probes.get(id) !== undefined;
  }

  /**
   * Puts a body of calls/ into its frame to a node, in the first version that has this kind.
   *
   * @param subject Where it goes. Default: to the node itself. An answer goes to the address of its question, which was checked when
   *   the question was delivered.
   */
  envelope(
    kind: ProcessKind,
    node: string,
    body: Uint8Array,
    subject: string = this.subjects.to(node, kind),
  ): OutgoingFrame {
    return { subject, bytes: this.#components.endpoint.frame(kind, body, versionsOf(kind).since) };
  }

  // Commands

  /** Sets the clock. Scopes may be started and written to before the first connection. */
  start(now: number): Effect[] {
    return this.#do(now, () => undefined);
  }

  /** Starts a scope that does not run; its run is higher than any before. After the node has left it stays alone. */
  startScope(start: ScopeStart, now: number): { readonly stream: ScopeStream; readonly effects: Effect[] } {
    const { streams } = this.#components;
    const replicator = streams.add(start);
    const stream = new ScopeStream(replicator, this.#streamDeps);
    return { stream, effects: this.#do(now, () => streams.start(replicator)) };
  }

  /** Announces that this node will leave; ends in one `drained` effect. Once; a second call does nothing. */
  drain(now: number): Effect[] {
    return this.#do(now, () => {
      if (this.#state !== 'ready') return;
      const { membership, drain } = this.#components;
      this.#state = 'draining';
      membership.draining = true;
      membership.changed();
      drain.begin(membership.peers.values());
    });
  }

  /** Sends what is pending and leaves. The caller then flushes the connection; nothing is said afterwards. */
  goodbye(now: number): Effect[] {
    return this.#do(now, () => {
      const { streams, endpoint } = this.#components;
      streams.flush();
      endpoint.announce('goodbye');
      endpoint.maySpeak = false;
      this.#state = 'left';
      this.#turn.isOver = true;
    });
  }

  /** Gives a reason to probe a node, never more: a call to it got no responders, or its server says that its connection closed. */
  hint(node: string, now: number): Effect[] {
    return this.#do(now, () => this.#components.liveness.hint(node));
  }

  // Inputs

  /**
   * The connection is there, for the first time or again.
   *
   * @param serverId Names the server's process: another one after its restart
   * @param maxPayload Bytes that the server takes in one message
   */
  connected(serverId: string, now: number, maxPayload = Infinity): Effect[] {
    return this.#do(now, () => {
      const { endpoint, router, liveness, streams, nameGuard, onlookerCheck, membership, initialDiscovery } =
        this.#components;
      if (endpoint.maySpeak) this.#cutOff(); // a client may not tell of every disconnect
      endpoint.maxFrameBytes = maxFrameBytesFor(endpoint.options.maxFrameBytes, maxPayload);
      endpoint.maySpeak = true;
      router.subscribe();
      liveness.connected(serverId.slice(0, 128));
      streams.connected();
      endpoint.afterFlush(() => {
        streams.subscribed();
        nameGuard.check();
        onlookerCheck.connected();
        membership.discover();
        initialDiscovery.begin();
      });
    });
  }

  /** The server takes larger or smaller messages from now on; `maxPayload` in bytes. What is kept and too large now can only be synced. */
  limited(maxPayload: number, now: number): Effect[] {
    return this.#do(now, () => {
      const { endpoint, streams } = this.#components;
      endpoint.maxFrameBytes = maxFrameBytesFor(endpoint.options.maxFrameBytes, maxPayload);
      streams.limited();
    });
  }

  /** The connection is gone. What was asked is void, and all peers are suspects. */
  disconnected(now: number): Effect[] {
    return this.#do(now, () => this.#cutOff());
  }

  /** The flush of a `flush` effect is done. An id of before a disconnect is ignored. */
  flushed(id: number, now: number): Effect[] {
    return this.#do(now, () => this.#components.endpoint.flushed(id));
  }

  /** A message came on a subscription. Never throws because of it. */
  receive(subject: string, bytes: Uint8Array, reply: string, now: number): Effect[] {
    if (!this.#turn.begin(now)) return [];
    const { router } = this.#components;
    router.receive(subject, bytes, reply);
    return router.movesDeadlines ? this.#turn.end() : this.#turn.endUnmoved();
  }

  /**
   * A probe has ended, or something came to the address of its answer. What is no answer of its target is counted, and the probe goes
   * on; see {@link isProbing}. The end of a probe that is void by now is ignored.
   */
  probeResult(id: number, outcome: ProbeOutcome, now: number): Effect[] {
    return this.#do(now, () => {
      const { probes, router, onlookerCheck, nameGuard, liveness } = this.#components;
      const probe = probes.get(id);
      if (probe === undefined) return;
      const answer = outcome.type === 'answer' ? router.probeAnswered(probe, outcome) : undefined;
      if (answer === 'stray') return;
      probes.end(id);
      if (this.#turn.isOver || answer === 'of-another-life') return;
      if (probe.purpose.of === 'nobody') onlookerCheck.ended(outcome.type);
      else if (probe.purpose.of === 'own-name') nameGuard.checkEnded(outcome.type);
      else liveness.probeEnded(probe, outcome.type, answer?.serverId ?? '');
    });
  }

  /** The deadline has come. */
  tick(now: number): Effect[] {
    return this.#do(now, () => {
      const { streams, membership, liveness, onlookerCheck, drain, initialDiscovery } = this.#components;
      for (const part of [streams, membership, liveness, onlookerCheck, drain, initialDiscovery]) part.tick();
    });
  }

  #do(now: number, action: () => void): Effect[] {
    if (!this.#turn.begin(now)) return [];
    action();
    return this.#turn.end();
  }

  #cutOff(): void {
    const { endpoint, streams, liveness, membership, nameGuard, onlookerCheck, initialDiscovery } =
      this.#components;
    for (const part of [endpoint, streams, liveness, membership, nameGuard, onlookerCheck, initialDiscovery])
      part.disconnected();
  }

  #fence(by: Sender): void {
    if (this.#turn.isOver) return;
    this.#state = 'fenced';
    this.#turn.isOver = true;
    const { endpoint } = this.#components;
    endpoint.silence();
    const { node, incarnation, epoch } = by;
    endpoint.emit({ type: 'fenced', by: { node, incarnation, epoch } });
  }
}

/** Whether all scopes of a peer are known: only then is it known whose entries to ask for. */
function introductionOf({ scopes, incompleteSince }: Peer, { now, options }: Endpoint): Arrival {
  if (scopes.complete) return 'complete';
  return now >= incompleteSince + options.syncPatienceMs ? 'given-up' : 'awaited';
}
