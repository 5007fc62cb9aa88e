import { type Frame, type ProcessKind, Reader, Writer } from '../wire';
import type {
  Drain,
  Endpoint,
  Liveness,
  Membership,
  MutablePeer,
  NameGuard,
  Probe,
  ProbeOutcome,
} from '../cluster';
import type { CheckedFrame, FrameGate } from './frame-gate';
import type { Streams } from '../replication';

/** Kinds of frames to one node that are routed here; those of the process room are subscribed to by whoever answers them. */
const INBOX_KINDS = ['hello', 'discover', 'stale', 'drain', 'sync', 'repair', 'applied'] as const;
/** Announcements to everybody. */
const ANNOUNCED_KINDS = ['hello', 'suspect', 'goodbye'] as const;
const MAX_SERVER_ID_BYTES = 128;

/** To whom frames are handed. */
export interface FrameRouterDeps {
  readonly endpoint: Endpoint;
  readonly gate: FrameGate;
  readonly membership: Membership;
  readonly liveness: Liveness;
  readonly nameGuard: NameGuard;
  readonly streams: Streams;
  readonly drain: Drain;
}

/** What the answer to a probe told. */
export interface ProbeAnswer {
  /** The server that the answerer is attached to. */
  readonly serverId: string;
}

/**
 * Takes every frame that passed the gate to whom it concerns. In this order: a namesake's frame concerns only the name; one
 * of an incarnation that is over concerns nobody; any other proves first of all that its sender lives.
 */
export class FrameRouter {
  readonly #deps: FrameRouterDeps;

  constructor(deps: FrameRouterDeps) {
    this.#deps = deps;
  }

  /** Subscribes to everything that is for every node. */
  subscribe(): void {
    const { endpoint } = this.#deps;
    const { subjects, node } = endpoint;
    for (const kind of ANNOUNCED_KINDS) endpoint.subscribe(subjects.every(kind));
    for (const kind of INBOX_KINDS) endpoint.subscribe(subjects.inbox(kind));
    endpoint.subscribe(subjects.alive(node));
  }

  /** A message came on a subscription. */
  receive(subject: string, bytes: Uint8Array, reply: string): void {
    const { gate } = this.#deps;
    const checked = gate.check(subject, bytes);
    if (checked === undefined) return;
    // A probe's subject names no sender, so nothing is concluded from who says it is asking.
    if (checked.route.route === 'alive') this.#answerProbe(checked.frame, reply);
    else if (this.#hear(checked.frame) || this.#warnsUs(checked.frame))
      gate.decoding(subject, () => this.#dispatch(checked, reply));
  }

  /** A probe was answered; `undefined` if by something that is no answer of its target. */
  probeAnswered(probe: Probe, answer: Extract<ProbeOutcome, { type: 'answer' }>): ProbeAnswer | undefined {
    const { endpoint, gate, membership, liveness, nameGuard } = this.#deps;
    if (probe.purpose.of === 'nobody') return { serverId: '' }; // whoever it was, somebody listens there
    const checked = gate.check(answer.subject, answer.bytes);
    if (
      checked?.route.route !== 'reply' ||
      checked.frame.kind !== 'alive' ||
      checked.frame.node !== probe.target
    ) {
      return undefined;
    }
    const { frame } = checked;
    const serverId = gate.decoding(answer.subject, () => readServerId(frame.body));
    if (serverId === undefined) return undefined;
    if (frame.node === endpoint.node) {
      nameGuard.answered(frame);
      return { serverId };
    }
    if (!this.#hear(frame)) return undefined;
    const peer = membership.peers.get(frame.incarnation);
    if (peer === undefined) {
      membership.ask(frame.node); // the name lives on in another incarnation, or in one that was removed here
      return undefined;
    }
    peer.serverId = serverId;
    liveness.serverNamed(peer);
    return { serverId };
  }

  /** Whether the frame's sender counts. If it is a peer, it lives. */
  #hear(frame: Frame): boolean {
    const { endpoint, membership, liveness, nameGuard } = this.#deps;
    if (frame.node === endpoint.node) {
      nameGuard.namesake(frame);
      return false;
    }
    if (!membership.admits(frame)) return false;
    const peer = membership.peers.get(frame.incarnation);
    if (peer !== undefined) liveness.heard(peer);
    return true;
  }

  /**
   * Whether a frame tells of a newer incarnation of our name. It counts from whomever it comes: two nodes whose clocks both
   * went back may each hold the other for an old one, and neither would ever hear that it has to rise.
   */
  #warnsUs({ kind, node }: Frame): boolean {
    return kind === 'stale' && node !== this.#deps.endpoint.node;
  }

  #answerProbe(asker: Frame, reply: string): void {
    const { endpoint, gate, liveness } = this.#deps;
    if (!gate.mayAnswer(reply, asker.node)) return;
    const writer = new Writer();
    writer.string(liveness.ownServerId);
    endpoint.send(reply, endpoint.frame('alive', writer.finish()));
  }

  #dispatch({ route, frame }: CheckedFrame, reply: string): void {
    const { membership, liveness, nameGuard, streams, drain } = this.#deps;
    switch (frame.kind) {
      case 'hello':
        return membership.helloHeard(frame);
      case 'discover':
        return membership.discoverHeard(frame);
      case 'goodbye':
        return membership.goodbyeHeard(frame);
      case 'suspect':
        return liveness.suspectHeard(frame.body);
      case 'stale':
        return nameGuard.staleHeard(frame.body);
      case 'alive':
        return this.#deps.endpoint.count('late-answers'); // its probe is void
      case 'drain':
        return this.#fromPeer(frame, (peer) => drain.receive(peer, frame.body));
      case 'ops':
      case 'repair':
      case 'sync':
      case 'applied': {
        const { kind } = frame;
        const scope = route.route === 'from' ? route.scope : undefined;
        return this.#fromPeer(frame, (peer) => streams.receive(peer, kind, frame.body, scope));
      }
      case 'call':
      case 'cast':
      case 'cancel':
        return this.#deliver(frame, frame.kind, reply, '');
      case 'watch':
      case 'down': {
        // Said again until answered, so a stranger loses nothing. One that never becomes a peer would never be removed as one
        // either, and what it watches would be remembered for ever.
        const { kind } = frame;
        return this.#fromPeer(frame, () => this.#deliver(frame, kind, reply, ''));
      }
      case 'reply':
        return this.#deliver(frame, frame.kind, '', route.route === 'reply' ? route.token : '');
    }
  }

  /** Hands a frame to `take` if its sender is a peer and its version is one of ours; a stranger is asked who it is. */
  #fromPeer(frame: Frame, take: (peer: MutablePeer) => void): void {
    if (!this.#readable(frame)) return;
    const { endpoint, membership } = this.#deps;
    const peer = membership.peers.get(frame.incarnation);
    if (peer !== undefined) return take(peer);
    endpoint.count('from-strangers');
    membership.ask(frame.node);
  }

  /** A call may come before its caller's hello; it is delivered all the same. */
  #deliver(frame: Frame, kind: ProcessKind, reply: string, token: string): void {
    const { endpoint, gate, membership } = this.#deps;
    if (!this.#readable(frame)) return;
    if (reply !== '' && !gate.mayAnswer(reply, frame.node)) return;
    if (!membership.peers.has(frame.incarnation)) membership.ask(frame.node);
    const { node, incarnation, epoch, body } = frame;
    endpoint.emit({ type: 'deliver', kind, from: { node, incarnation, epoch }, body, reply, token });
  }

  #readable(frame: Frame): boolean {
    const { endpoint, membership } = this.#deps;
    if (membership.rejections.speaksOtherwise(frame)) {
      endpoint.count('from-rejected');
      return false;
    }
    const { min, max } = endpoint.versions;
    if (frame.version >= min && frame.version <= max) return true;
    endpoint.count('unreadable-version');
    membership.ask(frame.node);
    return false;
  }
}

function readServerId(body: Uint8Array): string {
  const reader = new Reader(body);
  const serverId = reader.string(MAX_SERVER_ID_BYTES);
  reader.end();
  return serverId;
}
