import {
  ANNOUNCED_KINDS,
  type Frame,
  type FrameKind,
  type ProcessKind,
  PROTOCOL_INBOX_KINDS,
  type StreamKind,
  versionsOf,
} from '../wire';
import {
  decodeProbeAnswer,
  type Drain,
  encodeProbeAnswer,
  type Endpoint,
  type Liveness,
  type Membership,
  type MutablePeer,
  type NameGuard,
  type Probe,
  type ProbeOutcome,
} from '../cluster';
import type { CheckedFrame, FrameGate } from './frame-gate';
import type { Streams } from '../replication';

/** What a {@link FrameRouter} is given: those to whom it hands frames. */
export interface FrameRouterDeps {
  readonly endpoint: Endpoint;
  readonly gate: FrameGate;
  readonly membership: Membership;
  readonly liveness: Liveness;
  readonly nameGuard: NameGuard;
  readonly streams: Streams;
  readonly drain: Drain;
}

/** The answer of a probe's target. */
export interface ProbeAnswer {
  /** The server that the answerer is attached to. */
  readonly serverId: string;
}

/** Does with a frame what its kind asks for. */
type Handler = (checked: CheckedFrame, reply: string) => void;

/**
 * Hands every frame that passed the gate to the part that handles its kind. First, a frame under this node's own name concerns only
 * the name guard; one of an incarnation that is over is ignored; any other proves that its sender lives.
 */
export class FrameRouter {
  /** Whether the last message may have brought a deadline nearer. What a known peer says to processes does not. */
  movesDeadlines = true;
  readonly #deps: FrameRouterDeps;
  /** Whether the sender of the last frame was a peer before it, in this epoch and not suspected. */
  #isKnown = false;

  /** One for each line of the table of frames. */
  readonly #handlers: Readonly<Record<FrameKind, Handler>>;

  constructor(deps: FrameRouterDeps) {
    this.#deps = deps;

    const { membership, liveness, nameGuard, drain, endpoint } = deps;
    this.#handlers = {
      hello: ({ frame }) => membership.helloHeard(frame),
      discover: ({ frame }) => membership.discoverHeard(frame),
      goodbye: ({ frame }) => membership.goodbyeHeard(frame),
      suspect: ({ frame }) => liveness.suspectHeard(frame.body, membership.allowanceOf(frame)),
      stale: ({ frame }) => nameGuard.staleHeard(frame.body),
      alive: () => endpoint.count('late-answers'), // its probe is over
      drain: ({ frame }) => {
        const peer = this.#peerOf(frame);
        if (peer !== undefined) drain.receive(peer, frame.body);
      },
      ops: this.#toStream('ops'),
      repair: this.#toStream('repair'),
      sync: this.#toStream('sync'),
      applied: this.#toStream('applied'),
      call: this.#toProcess('call'),
      cast: this.#toProcess('cast'),
      cancel: this.#toProcess('cancel'),
      watch: this.#toProcessFromPeer('watch'),
      down: this.#toProcessFromPeer('down'),
      reply: this.#toProcess('reply'),
      bundle: this.#toProcess('bundle'),
      exit: this.#toProcess('exit'),
    };
  }

  /** Subscribes to everything that does not depend on scopes; processes have their own subscriptions. */
  subscribe(): void {
    for (const subject of this.subscriptions()) this.#deps.endpoint.subscribe(subject);
  }

  /** The subjects of everything that is routed here, but for operations. */
  subscriptions(): readonly string[] {
    const { subjects, node } = this.#deps.endpoint;
    return [
      ...ANNOUNCED_KINDS.map((kind) => subjects.every(kind)),
      ...PROTOCOL_INBOX_KINDS.map((kind) => subjects.inbox(kind)),
      subjects.alive(node),
    ];
  }

  /** A message came on a subscription. */
  receive(subject: string, bytes: Uint8Array, reply: string): void {
    const { gate } = this.#deps;
    this.movesDeadlines = true;
    try {
      const checked = gate.check(subject, bytes);
      if (checked === undefined) return;
      // A probe's subject names no sender, so nothing follows from the sender that its envelope names.
      if (checked.route.route === 'alive') this.#answerProbe(checked.frame, reply);
      else if (this.#hear(checked, bytes.length) || this.#warnsUs(checked.frame))
        this.#handlers[checked.frame.kind](checked, reply);
    } catch (error) {
      gate.malformed(subject, error);
    }
  }

  /** Something came to the address of a probe's answer. */
  probeAnswered(
    probe: Probe,
    { subject, bytes }: Extract<ProbeOutcome, { type: 'answer' }>,
  ): ProbeAnswer | 'of-another-life' | 'stray' {
    if (probe.purpose.of === 'nobody') return { serverId: '' }; // somebody listens there
    const { gate, endpoint } = this.#deps;
    try {
      const checked = gate.check(subject, bytes);
      if (checked !== undefined && isAnswerOf(probe, checked)) return this.#hearAnswer(checked, bytes.length);
    } catch (error) {
      gate.malformed(subject, error);
    }
    endpoint.count('stray-answers');
    return 'stray';
  }

  /** @throws DecodeError if the answer's body is malformed */
  #hearAnswer(checked: CheckedFrame, bytes: number): ProbeAnswer | 'of-another-life' {
    const { endpoint, membership, liveness, nameGuard } = this.#deps;
    const { frame } = checked;
    const serverId = decodeProbeAnswer(frame.body);
    if (frame.node === endpoint.node) {
      nameGuard.answered(frame);
      return { serverId };
    }
    if (!this.#hear(checked, bytes)) return 'of-another-life';
    const peer = membership.peers.get(frame.incarnation);
    if (peer === undefined) {
      membership.ask(frame.node); // the name lives on in another incarnation, or in one that was removed here
      return 'of-another-life';
    }
    peer.serverId = serverId;
    liveness.serverNamed(peer);
    return { serverId };
  }

  /** Whether the sender of a frame of so many bytes counts. If it is a peer, it lives. */
  #hear({ route, frame }: CheckedFrame, bytes: number): boolean {
    const { endpoint, membership, liveness, nameGuard } = this.#deps;
    if (frame.node === endpoint.node) {
      nameGuard.namesake(frame);
      return false;
    }
    let peer = membership.peers.get(frame.incarnation);
    this.#isKnown = peer !== undefined && peer.suspicion === undefined;
    // A peer whose epoch has not risen since its last frame is admitted as it was then.
    if (peer?.node !== frame.node || frame.epoch > peer.epoch) {
      this.#isKnown = false;
      if (!membership.recordSender(frame)) return false;
      peer = membership.peers.get(frame.incarnation);
    }
    if (peer !== undefined) liveness.heard(peer);
    // What it sends to all counts for each receiver in part.
    const receivers = route.route === 'from' ? Math.max(1, membership.peers.size) : 1;
    (peer?.allowance ?? membership.allowanceOf(frame)).earn(bytes / receivers);
    return true;
  }

  /**
   * Whether a frame tells of a newer incarnation of this node's name. It counts from any sender: two nodes whose clocks both went back
   * may each take the other for an old one, and neither would ever hear that it must raise its epoch.
   */
  #warnsUs({ kind, node }: Frame): boolean {
    return kind === 'stale' && node !== this.#deps.endpoint.node;
  }

  #answerProbe(asker: Frame, reply: string): void {
    const { endpoint, gate, liveness } = this.#deps;
    if (!gate.mayAnswer(reply, asker.node)) return;
    endpoint.send(reply, endpoint.frame('alive', encodeProbeAnswer(liveness.ownServerId)));
  }

  #toStream(kind: StreamKind): Handler {
    const { streams } = this.#deps;
    return ({ frame, route }) => {
      const peer = this.#peerOf(frame);
      const scope = route.route === 'from' ? route.scope : undefined;
      if (peer !== undefined) streams.receive(peer, kind, frame.body, scope);
    };
  }

  /** A call may come before its caller's hello; it is delivered all the same. */
  #toProcess(kind: ProcessKind): Handler {
    const { endpoint, gate, membership } = this.#deps;
    // Nothing answers an answer, and the address of a bundle is only there to hear that nobody listens.
    const isAnswered = kind !== 'reply' && kind !== 'bundle';
    const { since, until } = versionsOf(kind);
    return ({ frame, route }, replyAddress) => {
      const { node, incarnation, epoch, body, version } = frame;
      const peer = membership.peers.get(incarnation);
      if (!this.#readable(frame, peer)) return;
      if (version < since || version > until) return endpoint.count('unreadable-version');
      const reply = isAnswered ? replyAddress : '';
      if (reply !== '' && !gate.mayAnswer(reply, node)) return;
      const isFromPeer = peer !== undefined;
      if (!isFromPeer) membership.ask(node);
      const token = route.route === 'reply' ? route.token : '';
      const from = { node, incarnation, epoch };
      endpoint.emit({ type: 'deliver', kind, from, isFromPeer, body, reply, token });
      if (this.#isKnown) this.movesDeadlines = false;
    };
  }

  /**
   * These are repeated until answered, so a node that is not a peer yet loses nothing. One that never becomes a peer is never removed as
   * one, and what it watches would be remembered for ever.
   */
  #toProcessFromPeer(kind: ProcessKind): Handler {
    const deliver = this.#toProcess(kind);
    return (checked, reply) => {
      if (this.#peerOf(checked.frame) !== undefined) deliver(checked, reply);
    };
  }

  /** The peer that sent a frame which can be read. Asks any other sender for its hello. */
  #peerOf(frame: Frame): MutablePeer | undefined {
    const { endpoint, membership } = this.#deps;
    const peer = membership.peers.get(frame.incarnation);
    if (!this.#readable(frame, peer)) return undefined;
    if (peer !== undefined) return peer;
    endpoint.count('from-strangers');
    membership.ask(frame.node);
    return undefined;
  }

  /** @param peer The sender, if it is one: the rejection of its name was forgotten when it was admitted. */
  #readable(frame: Frame, peer: MutablePeer | undefined): boolean {
    const { endpoint, membership } = this.#deps;
    if (peer === undefined && membership.rejections.speaksOtherwise(frame)) {
      endpoint.count('from-rejected');
      return false;
    }
    const { min, max } = endpoint.versions;
    const { version } = frame;
    if (version >= min && version <= max) return true;
    endpoint.count('unreadable-version');
    membership.ask(frame.node);
    return false;
  }
}

/** Whether a frame is the answer of a probe's target, in whatever incarnation. */
function isAnswerOf({ target }: Probe, { route, frame }: CheckedFrame): boolean {
  return route.route === 'reply' && frame.kind === 'alive' && frame.node === target;
}
