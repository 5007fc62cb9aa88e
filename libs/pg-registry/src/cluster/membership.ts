import { quoteText } from '../term';
import { type Allowance, Allowances } from './allowance';
import { markDraining } from './drain';
import type { Endpoint } from './endpoint';
import {
  commonVersion,
  formatVersions,
  type Frame,
  type Sender,
  spokenByAll,
  type VersionRange,
} from '../wire';
import { decodeHello, encodeHello, type Hello, type ScopeNews } from './hello';
import { KnownScopes } from './known-scopes';
import type { NameGuard } from './name-guard';
import { NameLedger } from './name-ledger';
import type { OwnScopes, ScopePage } from './own-scopes';
import type { MutablePeer, RemovalReason } from './peer';
import { Rejections } from './rejections';
import { Schedule } from './schedule';
import { Throttle } from './throttle';

/** Hello intervals grow by this many milliseconds per peer, so that a node gets at most twenty hellos a second. */
const HELLO_MS_PER_PEER = 50;
/** Answers to a discover are spread over this many milliseconds per known peer. */
const ANSWER_MS_PER_PEER = 1;
/** What a hello takes beside its body, about. */
const HELLO_ENVELOPE_BYTES = 64;
const DISCOVER_INTERVAL_MS = 1000;
/** One asker is answered at most once in this time. */
const ANSWER_INTERVAL_MS = 250;

/** Hears what Membership learns. */
export interface MembershipListener {
  /** The server this node is attached to, for its hellos. */
  serverId(): string;
  admitted(peer: MutablePeer): void;
  removed(peer: MutablePeer, reason: RemovalReason): void;
  /** The peer said which server it is attached to. */
  serverNamed(peer: MutablePeer): void;
  /** The peer runs the scope; every time a hello lists it. */
  scopeListed(peer: MutablePeer, news: ScopeNews): void;
  /** The peer runs the scope no more. */
  scopeGone(peer: MutablePeer, scope: string): void;
}

/**
 * Who belongs to the cluster. A stranger becomes a peer by a complete hello in a version that both speak:
 *
 *     unknown ── any frame ──► asked to introduce itself (at most once a second) ── complete hello ──► peer
 *     peer ── goodbye, or a higher epoch of its name ──► ended for ever (one tombstone per name and epoch)
 *     peer ── crash, silence, own isolation (Liveness) ──► unknown: the same incarnation may come back by the same way
 *     unknown ── no common version, or too many peers ──► rejected: one warning and one event per incarnation
 *
 * Hellos carry a rising beat; a late one is ignored, also after a removal, so nothing that ended is listed again, and nobody
 * is met again by an old hello that somebody repeats.
 */
export class Membership {
  readonly peers = new Map<string, MutablePeer>();
  readonly ledger: NameLedger;
  /** The present incarnation of each name. */
  readonly byName = new Map<string, MutablePeer>();
  readonly rejections: Rejections;
  readonly #asked: Throttle<string>;
  /** When to introduce this node to whom. */
  readonly answers = new Schedule<string>();
  readonly #answered: Throttle<string>;
  readonly #answerVersions = new Map<string, number>();
  readonly #allowances: Allowances;
  /** The versions that this node and all its peers speak. */
  #spoken: VersionRange;
  #beat = 0;
  /** When the next hello to everybody is due. */
  helloAt = Infinity;
  /** Own state in the hellos. */
  draining = false;

  readonly #endpoint: Endpoint;
  readonly #ownScopes: OwnScopes;
  readonly #nameGuard: NameGuard;
  readonly #listener: MembershipListener;

  constructor(endpoint: Endpoint, ownScopes: OwnScopes, nameGuard: NameGuard, listener: MembershipListener) {
    this.#endpoint = endpoint;
    this.#spoken = endpoint.versions;
    this.#ownScopes = ownScopes;
    this.#nameGuard = nameGuard;
    this.#listener = listener;

    const { maxPeers, maxTombstones } = endpoint.options;
    this.rejections = new Rejections(endpoint);
    this.ledger = new NameLedger(maxPeers + maxTombstones, (node) => this.byName.has(node));
    this.#allowances = new Allowances(maxPeers + maxTombstones);
    this.#answered = new Throttle(ANSWER_INTERVAL_MS, 2 * maxPeers);
    this.#asked = new Throttle(DISCOVER_INTERVAL_MS, 2 * maxPeers);
  }

  helloIntervalMs(): number {
    return Math.max(this.#endpoint.options.helloIntervalMs, this.peers.size * HELLO_MS_PER_PEER);
  }

  /** Sends a complete hello to everybody and asks all for theirs: after each connect, and after a stall of this node. */
  discover(): void {
    this.#sayToAll(this.#ownScopes.completeForAll(), true);
  }

  /** Lets everybody hear the present epoch, in the shortest hello. Who does not know this node asks for more. */
  sayEpoch(): void {
    for (const body of this.#hellos([this.#ownScopes.nothing()], false))
      this.#endpoint.announce('hello', body);
  }

  /** What a node may make this one send. */
  allowanceOf({ node, incarnation }: Sender): Allowance {
    return this.peers.get(incarnation)?.allowance ?? this.#allowances.of(node);
  }

  /** Something that hellos tell has changed: one is due at once, with all changes of this turn. */
  changed(): void {
    if (this.#endpoint.maySpeak) this.helloAt = Math.min(this.helloAt, this.#endpoint.now);
  }

  disconnected(): void {
    this.helloAt = Infinity;
    this.answers.clear();
    this.#answerVersions.clear();
  }

  tick(): void {
    const { now } = this.#endpoint;
    if (now >= this.helloAt) this.#sayToAll(this.#ownScopes.news(), false);
    for (let asker = this.answers.takeDue(now); asker !== undefined; asker = this.answers.takeDue(now)) {
      this.#introduceTo(asker);
    }
  }

  /** Asks a node to introduce itself; at most once a second per node. */
  ask(node: string): void {
    const endpoint = this.#endpoint;
    if (this.#asked.pass(node, endpoint.now)) endpoint.tell(node, 'discover');
  }

  /**
   * Introduces this node now to a node that waits for it: to be called before a question to that node, which would drop it as a
   * stranger's. Of one node's questions in 250 ms only the first brings it forward.
   */
  introduce(node: string): void {
    const { now } = this.#endpoint;
    if (this.answers.at(node) === Infinity || this.#answered.opens(node) > now) return;
    this.answers.delete(node);
    this.#introduceTo(node);
  }

  /**
   * Records the name, incarnation and epoch of a sender, and returns whether its frames count at all. A newer incarnation evicts the
   * older one's entries here, whatever comes of the newer one; an older one is told so; one that said goodbye is ignored.
   */
  recordSender(sender: Sender): boolean {
    switch (this.ledger.statusOf(sender)) {
      case 'older':
        this.#nameGuard.sayStale(sender, this.ledger.epochOf(sender.node) ?? sender.epoch);
        return false;
      case 'ended':
        this.#endpoint.count('after-goodbye');
        // A late frame, whose sender has gone; or its sender lives, and learns so that another said goodbye in its name.
        this.#nameGuard.sayStale(sender, this.ledger.epochOf(sender.node) ?? sender.epoch);
        return false;
      case 'newer': {
        const older = this.byName.get(sender.node);
        this.ledger.record(sender);
        this.rejections.forget(sender.node);
        if (older !== undefined) this.remove(older, 'superseded');
        return true;
      }
      case 'current': {
        this.ledger.record(sender);
        const peer = this.peers.get(sender.incarnation);
        if (peer !== undefined) peer.epoch = Math.max(peer.epoch, sender.epoch);
        return true;
      }
      case 'unknown':
      default:
        return true;
    }
  }

  /** A hello came. @throws DecodeError if its body cannot be read as one */
  helloHeard(frame: Frame): void {
    this.ledger.record(frame);
    if (!this.#speaksWithUs(frame)) return;
    const { versions } = this.#endpoint;
    if (frame.version < versions.min || frame.version > versions.max) {
      this.ask(frame.node); // it has a version in common with us but sent this in another
      return;
    }
    const hello = decodeHello(frame.body);
    if (hello.beat < this.ledger.beatOf(frame.node)) {
      this.#endpoint.count('late-hello');
      if (!this.peers.has(frame.incarnation)) this.ask(frame.node); // if it lives, it answers with a new hello
      return;
    }
    const peer = this.peers.get(frame.incarnation) ?? this.#admit(frame, hello);
    if (peer === undefined) return;
    this.ledger.raiseBeat(peer.node, hello.beat);
    this.#learn(peer, hello);
  }

  /** A node asks who we are. */
  discoverHeard(frame: Frame): void {
    if (!this.#speaksWithUs(frame)) return;
    this.#answerSoon(frame.node, commonVersion(this.#endpoint.versions, frame.versions!)!);
    if (!this.peers.has(frame.incarnation)) this.ask(frame.node);
  }

  /**
   * A node left in good order: its entries leave at once, and nothing that it has sent brings it back. Only a living node can raise its
   * epoch, so a frame of a higher epoch shows that the goodbye was forged.
   */
  goodbyeHeard(frame: Frame): void {
    if (frame.epoch < (this.ledger.epochOf(frame.node) ?? 0)) return this.#endpoint.count('late-goodbye');
    this.ledger.record(frame, true);
    this.rejections.forget(frame.node);
    const peer = this.peers.get(frame.incarnation);
    if (peer !== undefined) this.remove(peer, 'goodbye');
  }

  /** Ends a peer's membership; its entries leave. */
  remove(peer: MutablePeer, reason: RemovalReason): void {
    if (!this.peers.delete(peer.incarnation)) return;
    this.byName.delete(peer.node);
    this.#allowances.keep(peer.node, peer.allowance);
    // Its earlier hellos no longer count: it comes back by a new one only. A newer incarnation has beats of its own.
    if (reason !== 'superseded') this.ledger.raiseBeat(peer.node, this.ledger.beatOf(peer.node) + 1);
    this.answers.delete(peer.node);
    this.#answerVersions.delete(peer.node);
    this.#chooseBroadcastVersion();
    this.#listener.removed(peer, reason);
    this.#endpoint.emitPeer({ type: 'peer-removed', node: peer.node, incarnation: peer.incarnation, reason });
  }

  #admit(frame: Frame, hello: Hello): MutablePeer | undefined {
    const endpoint = this.#endpoint;
    if (this.peers.size >= endpoint.options.maxPeers) {
      this.rejections.add(frame, 'limit', `There are ${this.peers.size} peers already (option maxPeers).`);
      return undefined;
    }
    if (hello.since !== undefined) {
      this.ask(frame.node); // a change is no use without the set that it changes
      return undefined;
    }
    const versions = frame.versions!;
    const allowance = this.#allowances.of(frame.node);
    allowance.beginLife(endpoint.now);
    const peer: MutablePeer = {
      node: frame.node,
      incarnation: frame.incarnation,
      epoch: frame.epoch,
      version: commonVersion(endpoint.versions, versions)!,
      versions,
      suspicion: undefined,
      draining: false,
      view: undefined,
      serverId: hello.serverId,
      scopes: new KnownScopes(endpoint.options.maxScopes),
      allowance,
      incompleteSince: this.ledger.incompleteSince(frame.node, endpoint.now),
    };
    this.peers.set(peer.incarnation, peer);
    this.byName.set(peer.node, peer);
    this.rejections.forget(peer.node);
    this.#chooseBroadcastVersion(); // before its first sync: it must understand every operation after that
    this.#listener.admitted(peer);
    endpoint.emitPeer({ type: 'peer-up', node: peer.node, incarnation: peer.incarnation });
    if (!hello.discover) this.#answerSoon(peer.node, peer.version); // it may know this node only by its question
    return peer;
  }

  #learn(peer: MutablePeer, hello: Hello): void {
    peer.serverId = hello.serverId;
    this.#listener.serverNamed(peer);
    if (hello.draining) markDraining(this.#endpoint, peer);
    if (hello.discover) this.#answerSoon(peer.node, peer.version);
    const { listed, gone, ask, refused } = peer.scopes.learn(hello);
    for (const scope of gone) this.#listener.scopeGone(peer, scope);
    for (const news of listed) this.#listener.scopeListed(peer, news);
    if (peer.scopes.complete) this.ledger.complete(peer.node);
    if (ask) this.ask(peer.node);
    if (refused > 0) {
      this.#endpoint.warn(
        'too-many-scopes',
        `Node ${quoteText(peer.node)} runs more scopes than maxScopes; the rest is ignored.`,
      );
    }
  }

  /** Whether there is a version for the two of us, and one for everybody with it; else the node is rejected. */
  #speaksWithUs(frame: Frame): boolean {
    if (this.peers.has(frame.incarnation)) return true;
    const own = this.#endpoint.versions;
    const theirs = frame.versions!;
    if (commonVersion(this.#spoken, theirs) !== undefined) return true;
    const message = `It speaks protocol version ${formatVersions(theirs)}, this node ${formatVersions(own)}`;
    this.rejections.add(
      frame,
      'version',
      this.peers.size === 0 ? `${message}.` : `${message} together with its peers.`,
    );
    return false;
  }

  #chooseBroadcastVersion(): void {
    this.#spoken = spokenByAll(this.#endpoint.versions, this.peers.values());
    this.#endpoint.broadcastVersion = this.#spoken.max;
  }

  #answerSoon(node: string, version: number): void {
    const endpoint = this.#endpoint;
    if (this.answers.size >= 2 * endpoint.options.maxPeers && this.answers.at(node) === Infinity)
      return endpoint.count('answers-refused');
    this.#answerVersions.set(node, version);
    const jittered = endpoint.now + endpoint.random() * this.peers.size * ANSWER_MS_PER_PEER;
    this.answers.hasten(node, Math.max(jittered, this.#answered.opens(node)));
  }

  #introduceTo(node: string): void {
    const version = this.#answerVersions.get(node);
    this.#answerVersions.delete(node);
    this.#answered.pass(node, this.#endpoint.now);
    const bodies = this.#hellos(this.#ownScopes.complete(), false);
    const bytes = bodies.reduce((sum, { length }) => sum + length + HELLO_ENVELOPE_BYTES, 0);
    const allowance = this.byName.get(node)?.allowance ?? this.#allowances.of(node);
    // It asks again; or the next hello to everybody makes it ask.
    if (!allowance.introduce(bytes, this.#endpoint.now)) return this.#endpoint.count('answers-refused');
    for (const body of bodies) this.#endpoint.tell(node, 'hello', body, version);
  }

  #sayToAll(pages: ScopePage[], discover: boolean): void {
    const jitter = 0.9 + 0.2 * this.#endpoint.random();
    this.helloAt = this.#endpoint.now + this.helloIntervalMs() * jitter;
    for (const body of this.#hellos(pages, discover)) this.#endpoint.announce('hello', body);
  }

  #hellos(pages: ScopePage[], discover: boolean): Uint8Array[] {
    this.#beat += 1;
    const { draining } = this;
    const common = { beat: this.#beat, discover, draining, serverId: this.#listener.serverId() };
    return pages.map((page) => encodeHello({ ...common, ...page }));
  }
}
