import type { Diff } from '../table';
import type { Effect, ProbeOutcome } from './effect';
import type { ProcessKind, Sender } from './frame';
import type { CrashDetection } from './onlooker';
import { type PeerView, viewOf } from './peer';
import { assemble, type PeerProtocolParameters, type ProtocolParts } from './protocol-parts';
import type { Replicator } from './replication';
import type { ScopeStart } from './streams';

/** Kinds of frames between two nodes to which every node subscribes at its first connection. */
const INBOX_KINDS = ['hello', 'discover', 'stale', 'drain', 'sync', 'repair', 'applied'] as const;
/** Announcements to everybody to which every node subscribes. */
const ANNOUNCED_KINDS = ['hello', 'suspect', 'goodbye'] as const;

/** Where a node is in its life. */
export type NodeState = 'ready' | 'draining' | 'left' | 'fenced';

/** Figures for `stats()`. */
export interface ProtocolStats {
  readonly peers: number;
  readonly suspects: number;
  readonly crashDetection: CrashDetection;
  readonly tombstones: number;
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * The whole peer protocol of one node as one object without I/O: node/ drives it with a connection and timers, the
 * simulator with a virtual network and virtual time. It has reads, commands, inputs, and what the last two return: a list
 * of effects, to be run in order. After every command and input one timer is set anew, for `nextDeadline()`.
 *
 *     ready ── drain ──► draining ── goodbye ──► left          fenced: a namesake with a higher epoch was heard
 *       └──────────────── goodbye ────────────────┘            left and fenced say nothing and hear nothing any more
 *
 * `now` is a monotonic clock in milliseconds; an earlier time than before is not followed. A call that comes more than
 * `stallMs` after a deadline tells that this node itself stood still. Nothing here throws because of what a peer sent.
 */
export class PeerProtocol {
  readonly #parts: ProtocolParts;
  #state: NodeState = 'ready';
  #waits = 0;
  /** When whoever answers our discover has answered; Infinity while disconnected, −Infinity once it is over. */
  #settlesAt = Infinity;
  /** The deadline that was promised to be met. */
  #expectedAt = Infinity;

  /** @throws InvalidOptionError naming the option that is wrong */
  constructor(parameters: PeerProtocolParameters) {
    this.#parts = assemble(parameters, {
      admitted: () => this.#settleLater(),
      fence: (by) => this.#fence(by),
    });
  }

  // Reads

  get node(): string {
    return this.#parts.endpoint.node;
  }

  get incarnation(): string {
    return this.#parts.endpoint.incarnation;
  }

  get epoch(): number {
    return this.#parts.endpoint.epoch;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** When `tick` is due; Infinity: never. Not in the future: as soon as the current turn of the event loop ends. */
  nextDeadline(): number {
    if (this.#over) return Infinity;
    const { membership, liveness, onlooker, drain, streams } = this.#parts;
    const settles = this.#settlesAt === -Infinity ? Infinity : this.#settlesAt;
    return Math.min(
      membership.nextDeadline,
      liveness.nextDeadline,
      onlooker.nextDeadline,
      drain.nextDeadline,
      streams.nextDeadline,
      settles,
    );
  }

  /** All peers, suspects included; frozen pictures. */
  peers(): readonly PeerView[] {
    return [...this.#parts.membership.peers.values()].map(viewOf);
  }

  /** The peer of that incarnation. */
  peer(incarnation: string): PeerView | undefined {
    const peer = this.#parts.membership.peers.get(incarnation);
    return peer === undefined ? undefined : viewOf(peer);
  }

  /** Whether an incarnation is this node's own or an unsuspected peer's. O(1). */
  reachable(incarnation: string): boolean {
    if (incarnation === this.incarnation) return this.#state === 'ready' || this.#state === 'draining';
    const peer = this.#parts.membership.peers.get(incarnation);
    return peer !== undefined && peer.suspicion === undefined;
  }

  /** Whether an incarnation has said that it is about to leave. O(1). */
  draining(incarnation: string): boolean {
    if (incarnation === this.incarnation) return this.#state !== 'ready';
    return this.#parts.membership.peers.get(incarnation)?.draining ?? false;
  }

  /** Connected, everybody has had the time to introduce itself, and no scope is in its first sync. Costs peers + scopes. */
  get synced(): boolean {
    if (this.#settlesAt !== -Infinity) return false;
    for (const { scopes } of this.#parts.membership.peers.values()) if (!scopes.complete) return false;
    return this.#parts.streams.synced;
  }

  stats(): ProtocolStats {
    const peers = [...this.#parts.membership.peers.values()];
    return {
      peers: peers.length,
      suspects: peers.filter(({ suspicion }) => suspicion !== undefined).length,
      crashDetection: this.#parts.onlooker.detection,
      tombstones: this.#parts.membership.ledger.size,
      counters: Object.fromEntries(this.#parts.endpoint.counters),
    };
  }

  /** The running scope's Replicator, for its reads (`last`, `fits`, `stats`). @throws ScopeNotRunningError */
  stream(
    scope: string,
  ): Pick<Replicator, 'run' | 'last' | 'fits' | 'stats' | 'digest' | 'appliedOf' | 'synced'> {
    return this.#parts.streams.replicatorOf(scope);
  }

  /** The number of a running scope's last own operation; the next write's revision is one more. @throws ScopeNotRunningError */
  last(scope: string): number {
    return this.#parts.streams.replicatorOf(scope).last;
  }

  /** Puts a body of the process room into its frame to a node. */
  envelope(
    kind: Exclude<ProcessKind, 'reply'>,
    node: string,
    body: Uint8Array,
  ): { subject: string; bytes: Uint8Array } {
    const version = this.#parts.membership.named(node)?.version;
    return {
      subject: this.#parts.endpoint.subjects.to(node, kind),
      bytes: this.#parts.endpoint.frame(kind, body, version),
    };
  }

  /** Puts an answer into its frame; the address was checked when its question was delivered. */
  envelopeReply(subject: string, node: string, body: Uint8Array): { subject: string; bytes: Uint8Array } {
    return {
      subject,
      bytes: this.#parts.endpoint.frame('reply', body, this.#parts.membership.named(node)?.version),
    };
  }

  // Commands

  /** Sets the clock. Scopes may be started and written to before the first connection. */
  start(now: number): Effect[] {
    return this.#do(now, () => undefined);
  }

  /** Starts a scope that does not run; its run is higher than any before. */
  startScope(start: ScopeStart, now: number): Effect[] {
    return this.#do(now, () => this.#parts.streams.start(start));
  }

  /** Stops a scope; peers drop its entries. Nothing if it does not run. */
  stopScope(scope: string, now: number): Effect[] {
    return this.#do(now, () => this.#parts.streams.stop(scope));
  }

  /** Replicates what a write changed in the scope's table. @throws ScopeNotRunningError */
  write(scope: string, diff: Diff, now: number): Effect[] {
    return this.#do(now, () => this.#parts.streams.write(scope, diff));
  }

  /** Waits until the peers of now have applied all that was written; ends in one `replicated` effect with the id. */
  replicated(scope: string, timeoutMs: number, now: number): { id: number; effects: Effect[] } {
    const id = ++this.#waits;
    return { id, effects: this.#do(now, () => this.#parts.streams.replicated(scope, id, timeoutMs)) };
  }

  /** Announces that this node will leave; ends in one `drained` effect. Once; a second call does nothing. */
  drain(now: number): Effect[] {
    return this.#do(now, () => {
      if (this.#state !== 'ready') return;
      this.#state = 'draining';
      this.#parts.membership.draining = true;
      this.#parts.membership.changed();
      this.#parts.drain.begin(this.#parts.membership.peers.values());
    });
  }

  /** Sends what is pending and leaves; whoever runs this then flushes the connection. Nothing is said afterwards. */
  goodbye(now: number): Effect[] {
    return this.#do(now, () => {
      this.#parts.streams.flush();
      this.#parts.endpoint.announce('goodbye');
      this.#parts.endpoint.maySpeak = false;
      this.#state = 'left';
    });
  }

  /** A reason to probe a node, never more: a call to it got no responders, or its server says that its connection closed. */
  hint(node: string, now: number): Effect[] {
    return this.#do(now, () => this.#parts.liveness.hint(node));
  }

  // Inputs

  /** The connection is there, for the first time or again. */
  connected(serverId: string, now: number): Effect[] {
    return this.#do(now, () => {
      const { endpoint, liveness, streams, flushes, nameGuard, onlooker, membership } = this.#parts;
      endpoint.maySpeak = true;
      this.#subscribe();
      liveness.connected(serverId.slice(0, 128));
      streams.connected();
      flushes.after(() => {
        streams.subscribed();
        nameGuard.check();
        onlooker.connected();
        membership.discover();
        this.#settlesAt = endpoint.now + endpoint.options.settleMs;
      });
    });
  }

  /** The connection is gone. What was asked is void, and all peers are suspects. */
  disconnected(now: number): Effect[] {
    return this.#do(now, () => {
      const { endpoint, flushes, streams, liveness, membership, nameGuard, onlooker } = this.#parts;
      endpoint.maySpeak = false;
      this.#settlesAt = Infinity;
      for (const part of [flushes, streams, liveness, membership, nameGuard, onlooker]) part.disconnected();
    });
  }

  /** The flush of a `flush` effect is done. An id of before a disconnect is ignored. */
  flushed(id: number, now: number): Effect[] {
    return this.#do(now, () => this.#parts.flushes.done(id));
  }

  /** A message came on a subscription. Never throws because of it. */
  receive(subject: string, bytes: Uint8Array, reply: string, now: number): Effect[] {
    return this.#do(now, () => this.#parts.router.receive(subject, bytes, reply));
  }

  /** A probe has ended. One that is void by now is ignored. */
  probeResult(id: number, outcome: ProbeOutcome, now: number): Effect[] {
    return this.#do(now, () => {
      const { probes, router, onlooker, nameGuard, liveness } = this.#parts;
      const probe = probes.take(id);
      if (probe === undefined) return;
      const answer = outcome.type === 'answer' ? router.probeAnswered(probe, outcome) : undefined;
      // What answered on the target's address, but is none of its frames, is neither an answer nor silence.
      if (this.#over || (outcome.type === 'answer' && answer === undefined)) return;
      if (probe.purpose.of === 'nobody') onlooker.ended(outcome.type);
      else if (probe.purpose.of === 'own-name') nameGuard.checkEnded(outcome.type);
      else liveness.probeEnded(probe, outcome.type, answer?.serverId ?? '');
    });
  }

  /** The deadline has come. */
  tick(now: number): Effect[] {
    return this.#do(now, () => {
      const { streams, membership, liveness, onlooker, drain } = this.#parts;
      for (const part of [streams, membership, liveness, onlooker, drain]) part.tick();
      if (this.#parts.endpoint.now >= this.#settlesAt) this.#settlesAt = -Infinity;
    });
  }

  get #over(): boolean {
    return this.#state === 'left' || this.#state === 'fenced';
  }

  #do(now: number, act: () => void): Effect[] {
    if (this.#over) return [];
    const { endpoint, liveness, membership } = this.#parts;
    endpoint.advance(now);
    if (endpoint.maySpeak && endpoint.now - this.#expectedAt > endpoint.options.stallMs) {
      endpoint.count('own-stalls');
      liveness.stalled(); // before the call itself: it may be a time-out that overtook its answer in the stalled queue
      membership.discover();
    }
    act();
    this.#expectedAt = this.nextDeadline();
    return endpoint.takeEffects();
  }

  #subscribe(): void {
    const { endpoint } = this.#parts;
    const { subjects, node } = endpoint;
    for (const kind of ANNOUNCED_KINDS) endpoint.subscribe(subjects.every(kind));
    for (const kind of INBOX_KINDS) endpoint.subscribe(subjects.inbox(kind));
    endpoint.subscribe(subjects.alive(node));
  }

  /** Somebody was met: perhaps more are about to introduce themselves. */
  #settleLater(): void {
    if (this.#settlesAt === -Infinity || this.#settlesAt === Infinity) return;
    const { endpoint, membership } = this.#parts;
    this.#settlesAt = Math.max(this.#settlesAt, endpoint.now + 50 + membership.peers.size);
  }

  #fence(by: Sender): void {
    if (this.#over) return;
    this.#state = 'fenced';
    this.#parts.endpoint.silence();
    const { node, incarnation, epoch } = by;
    this.#parts.endpoint.emit({ type: 'fenced', by: { node, incarnation, epoch } });
  }
}
