import { Reader, readIncarnation, writeIncarnation, Writer } from '../../wire';
import type { Allowance } from '../allowance';
import type { ProbeOutcome } from '../effect';
import type { Endpoint } from '../endpoint';
import type { MutablePeer, RemovalReason, Suspicion } from '../peer';
import type { Probe, Probes } from './probes';
import { Ring } from './ring';
import { Schedule } from '../schedule';
import { OwnInterruptions } from './own-interruptions';
import { ServerEvidence } from './server-evidence';
import { SuspicionGrounds } from './suspicion';

/** How many nodes each one watches on the ring. */
const WATCHED = 3;
/** Hello intervals after which a silent peer is probed by everybody, not only by its watchers. */
const PATIENCE = 1.5;
/** Probes of a silent suspect become rarer up to this many milliseconds. */
const MAX_BACK_OFF_MS = 2000;
/** Peers asked at a time whether a server lives. */
const WITNESSES = 3;

/** What {@link Liveness} is given: who the peers are, and how to remove one. */
export interface LivenessDeps {
  readonly peers: ReadonlyMap<string, MutablePeer>;
  readonly byName: ReadonlyMap<string, MutablePeer>;
  /** The peer is dead or as good as dead, by our own observation. */
  remove(peer: MutablePeer, reason: RemovalReason): void;
  /** The interval of hellos in a cluster of this size. */
  helloIntervalMs(): number;
}

/**
 * Decides when to probe a peer, and when to remove one that has crashed or fallen silent. (A goodbye is Membership's.) The first
 * rule: **nobody's word removes an entry.** What others say is a reason to probe; a peer is removed only because of what this node
 * asked and what it got.
 *
 * A peer is probed when
 * - it is one of the next {@link WATCHED} unsuspected peers on the ring: a constant cost for each node, whatever the cluster's size;
 * - nothing came from it for {@link PATIENCE} hello intervals;
 * - another node suspects it, a call to it got no responders, or the server says that its connection closed.
 *
 * When a refused or unanswered probe makes a peer a suspect is in `suspicion.ts`; when a refusal proves a crash, in
 * `server-evidence.ts`; how trouble of this node itself postpones removals, in `own-interruptions.ts`.
 */
export class Liveness {
  readonly #grounds = new Map<string, SuspicionGrounds>();
  readonly #ring = new Ring<MutablePeer>();
  /** When to look after which peer, by incarnation. */
  readonly checks = new Schedule<string>();
  readonly #interruptions: OwnInterruptions;
  readonly #evidence: ServerEvidence;
  /** When the neighbours on the ring are probed next. */
  ringAt = Infinity;
  /** When this node, being disconnected, takes itself for isolated. */
  isolatedAt = Infinity;

  readonly #endpoint: Endpoint;
  readonly #probes: Probes;
  readonly #deps: LivenessDeps;
  /** A suspect was heard again. */
  readonly #onRecovered: (peer: MutablePeer) => void;

  constructor(
    endpoint: Endpoint,
    probes: Probes,
    deps: LivenessDeps,
    onRecovered: (peer: MutablePeer) => void,
  ) {
    this.#endpoint = endpoint;
    this.#probes = probes;
    this.#deps = deps;
    this.#onRecovered = onRecovered;

    const { peerTimeoutMs, rejoinGraceMs, probeIntervalMs } = endpoint.options;
    this.#interruptions = new OwnInterruptions(peerTimeoutMs);
    this.#evidence = new ServerEvidence(rejoinGraceMs, probeIntervalMs);
  }

  /** The server this node is attached to; empty before the first connection. */
  get ownServerId(): string {
    return this.#evidence.ownServerId;
  }

  admitted(peer: MutablePeer): void {
    this.#grounds.set(peer.incarnation, new SuspicionGrounds(this.#endpoint.now));
    this.#ring.add(peer);
    this.#checkAt(peer, this.#endpoint.now + this.#patienceMs());
  }

  removed(peer: MutablePeer): void {
    this.#grounds.delete(peer.incarnation);
    this.#ring.delete(peer);
    this.checks.delete(peer.incarnation);
  }

  /** A frame of the peer came. Whatever was suspected ends; except while disconnected, when it can only be a late one. */
  heard(peer: MutablePeer): void {
    const grounds = this.#grounds.get(peer.incarnation);
    if (grounds === undefined || this.#evidence.connectedAt === Infinity) return;
    grounds.heard(this.#endpoint.now);
    const { suspicion } = peer;
    if (suspicion === undefined) return;
    peer.suspicion = undefined;
    this.#endpoint.emitPeer({ type: 'peer-recovered', node: peer.node, incarnation: peer.incarnation });
    this.#onRecovered(peer);
    // Race: the frame may have been on its way while the peer died. One more probe soon settles it.
    if (suspicion === 'crash') this.#hint(peer, this.#endpoint.options.probeIntervalMs);
  }

  /** The peer said on this connection which server it is attached to. */
  serverNamed(peer: MutablePeer): void {
    const grounds = this.#grounds.get(peer.incarnation);
    if (grounds !== undefined) grounds.serverNamedAt = this.#endpoint.now;
  }

  /** A reason to probe a node: never more than that. */
  hint(node: string): void {
    const peer = this.#deps.byName.get(node);
    if (peer !== undefined) this.#hint(peer, 0);
  }

  /** Somebody on the ring suspects a peer. Every node hears it, so each waits a random moment before it probes for itself. */
  suspectHeard(body: Uint8Array, by: Allowance): void {
    const reader = new Reader(body);
    const incarnation = readIncarnation(reader);
    reader.end();
    const peer = this.#deps.peers.get(incarnation);
    if (peer === undefined || peer.suspicion !== undefined) return;
    if (!by.hint(this.#endpoint.now)) return this.#endpoint.count('suspicions-ignored');
    this.#hint(peer, this.#endpoint.random() * Math.min(this.#deps.peers.size * 0.5, 100));
  }

  connected(serverId: string): void {
    const { now, options, random } = this.#endpoint;
    this.#evidence.connected(serverId, now);
    this.isolatedAt = Infinity;
    this.ringAt = now + random() * options.probeIntervalMs;
    this.#interruptions.add(now);
    // Every peer answers our discover within peers × 1 ms; who has not by then is probed.
    const spread = Math.max(options.probeIntervalMs, this.#deps.peers.size * 2);
    for (const incarnation of this.#grounds.keys()) {
      this.checks.set(incarnation, now + options.probeIntervalMs + random() * spread);
    }
  }

  disconnected(): void {
    this.#probes.voidAll();
    this.#evidence.disconnected();
    this.checks.clear();
    this.ringAt = Infinity;
    if (this.isolatedAt === Infinity)
      this.isolatedAt = this.#endpoint.now + this.#endpoint.options.isolationTimeoutMs;
    for (const [incarnation, grounds] of this.#grounds) {
      grounds.clear();
      this.#suspect(this.#deps.peers.get(incarnation)!, 'disconnected');
    }
  }

  /** This node stood still: silence of others during that time was our own. */
  stalled(): void {
    const { now, random, options } = this.#endpoint;
    this.#probes.voidAll();
    const mayRestart = this.#interruptions.add(now);
    for (const [incarnation, grounds] of this.#grounds) {
      if (mayRestart) grounds.restartSilence(now);
      if (
        this.#deps.peers.get(incarnation)?.suspicion !== undefined &&
        this.#evidence.connectedAt !== Infinity
      ) {
        this.checks.set(incarnation, now + random() * options.probeIntervalMs);
      }
    }
  }

  /** The peers that this node watches: the next ones on the ring, the nearest first. */
  watched(): readonly MutablePeer[] {
    return this.#ring.after(this.#endpoint, WATCHED, believed);
  }

  tick(): void {
    const { now, options } = this.#endpoint;
    if (now >= this.isolatedAt) this.#isolate();
    if (now >= this.ringAt) {
      this.ringAt = now + options.probeIntervalMs;
      for (const peer of this.watched()) this.#probe(peer, true);
    }
    for (let due = this.checks.takeDue(now); due !== undefined; due = this.checks.takeDue(now))
      this.#check(due);
  }

  /** A probe of a peer has ended; an answer was checked, and heard, before. */
  probeEnded(probe: Probe, outcome: ProbeOutcome['type'], serverId: string): void {
    const { now } = this.#endpoint;
    if (outcome === 'answer') {
      this.#evidence.answered(serverId, probe.sentAt, now);
      return;
    }
    if (probe.purpose.of !== 'peer') return;
    const peer = this.#deps.peers.get(probe.purpose.incarnation);
    const grounds = this.#grounds.get(probe.purpose.incarnation);
    if (peer === undefined || grounds === undefined) return;
    const suspicion =
      outcome === 'no-responders' ? grounds.refused(probe.sentAt, now) : grounds.timedOut(probe.sentAt);
    if (suspicion === undefined) {
      // Heard since it was asked, or refused since: ask again rather than conclude from the order of late news.
      if (peer.suspicion === undefined) this.#hint(peer, this.#endpoint.options.probeIntervalMs);
      return;
    }
    this.#suspect(peer, suspicion, probe.purpose.ring);
    const verdict =
      outcome === 'no-responders' ? this.#crashVerdict(peer, grounds) : this.#silenceVerdict(grounds, probe);
    if (verdict === undefined) this.#checkAt(peer, this.#nextCheckOfSuspect(grounds));
    else this.#deps.remove(peer, verdict);
  }

  #crashVerdict(peer: MutablePeer, grounds: SuspicionGrounds): RemovalReason | undefined {
    const { now, options } = this.#endpoint;
    const { connectedAt } = this.#evidence;
    // Thrown off together with us, it may not be back yet. Once heard on this connection that is no longer a possibility.
    if (grounds.heardAt < connectedAt && now < connectedAt + options.rejoinGraceMs) return undefined;
    const lasted = grounds.refusedAt - grounds.refusedSince!;
    if (lasted >= options.rejoinGraceMs) return 'crash';
    const lives = this.#evidence.serverLives(peer.serverId, grounds);
    return lives && lasted >= options.confirmMs ? 'crash' : undefined;
  }

  #silenceVerdict(grounds: SuspicionGrounds, probe: Probe): RemovalReason | undefined {
    const lasted = this.#endpoint.now - grounds.unansweredSince!;
    const askedSince = probe.sentAt >= this.#interruptions.latest;
    return lasted >= this.#endpoint.options.peerTimeoutMs && askedSince ? 'silence' : undefined;
  }

  #nextCheckOfSuspect(grounds: SuspicionGrounds): number {
    const { now, options } = this.#endpoint;
    if (grounds.refusedSince !== undefined) {
      const confirmAt = grounds.refusedSince + options.confirmMs;
      return confirmAt > now
        ? Math.min(confirmAt, now + options.probeIntervalMs)
        : now + options.probeIntervalMs;
    }
    // Race: a request that reached a dying process only times out, so the first time-out is asked again at once.
    if (grounds.unanswered <= 1) return now;
    const backOff = Math.min(options.probeIntervalMs * 2 ** (grounds.unanswered - 1), MAX_BACK_OFF_MS);
    // The probe that decides is sent so that it times out just after the limit.
    const limit = grounds.unansweredSince! + options.peerTimeoutMs - options.probeTimeoutMs + 1;
    return limit > now ? Math.min(now + backOff, limit) : now + backOff;
  }

  #check(incarnation: string): void {
    const peer = this.#deps.peers.get(incarnation);
    const grounds = this.#grounds.get(incarnation);
    if (peer === undefined || grounds === undefined || this.#evidence.connectedAt === Infinity) return;
    const { now, options } = this.#endpoint;
    const missed = grounds.quietSince + this.#patienceMs();
    if (peer.suspicion === undefined && !grounds.hinted && now < missed) {
      this.#checkAt(peer, missed); // it was heard since this check was set
      return;
    }
    grounds.hinted = false;
    grounds.checkedAt = now;
    if (grounds.refusedSince !== undefined && this.#evidence.needsWitness(peer.serverId))
      this.#askWitnesses(peer);
    this.#probe(peer, false);
    // The end of the probe sets the next check; this one is for a probe that is void by then.
    this.#checkAt(peer, now + options.probeTimeoutMs + options.probeIntervalMs);
  }

  #askWitnesses(suspect: MutablePeer): void {
    const colleagues = [...this.#deps.peers.values()].filter(
      (peer) => peer.serverId === suspect.serverId && peer !== suspect && believed(peer),
    );
    const start = Math.floor(this.#endpoint.random() * colleagues.length);
    for (let step = 0; step < Math.min(WITNESSES, colleagues.length); step += 1) {
      this.#probe(colleagues[(start + step) % colleagues.length], false);
    }
  }

  #probe(peer: MutablePeer, ring: boolean): void {
    this.#probes.ask(peer.node, { of: 'peer', incarnation: peer.incarnation, ring });
  }

  /** Suspects a peer, or for another reason than before; a watcher on the ring tells the others, once. */
  #suspect(peer: MutablePeer, reason: Suspicion, watcher = false): void {
    const before = peer.suspicion;
    if (before === reason) return;
    peer.suspicion = reason;
    this.#endpoint.emitPeer({ type: 'peer-suspect', node: peer.node, incarnation: peer.incarnation, reason });
    if (!watcher || before !== undefined) return;
    const writer = new Writer();
    writeIncarnation(writer, peer.incarnation);
    this.#endpoint.announce('suspect', writer.finish());
  }

  #hint(peer: MutablePeer, delayMs: number): void {
    const grounds = this.#grounds.get(peer.incarnation);
    if (grounds === undefined || this.#evidence.connectedAt === Infinity) return;
    grounds.hinted = true;
    // However many hints come, they cost one probe per interval.
    const earliest = grounds.checkedAt + this.#endpoint.options.probeIntervalMs;
    this.checks.hasten(peer.incarnation, Math.max(this.#endpoint.now + delayMs, earliest));
  }

  #checkAt(peer: MutablePeer, at: number): void {
    if (this.#grounds.has(peer.incarnation)) this.checks.set(peer.incarnation, at);
  }

  #isolate(): void {
    this.isolatedAt = Infinity;
    // A Map may lose entries while it is walked through.
    for (const peer of this.#deps.peers.values()) this.#deps.remove(peer, 'isolated');
  }

  #patienceMs(): number {
    return PATIENCE * this.#deps.helloIntervalMs();
  }
}

function believed(peer: MutablePeer): boolean {
  return peer.suspicion === undefined;
}
