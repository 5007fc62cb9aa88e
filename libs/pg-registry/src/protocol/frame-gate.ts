import { quoteText } from '../term';
import {
  belongsTo,
  DecodeError,
  decodeFrame,
  type Frame,
  LONGEST_FRAME_BYTES,
  type Route,
  travelsOn,
} from '../wire';
import type { Endpoint, Peer } from '../cluster';

/** A frame whose sender is the one that its subject names. */
export interface CheckedFrame {
  readonly route: Route;
  readonly frame: Frame;
}

/** The envelope of a frame that passed, as it was read. */
interface KnownEnvelope {
  readonly bytes: Uint8Array;
  readonly route: Route;
  readonly frame: Frame;
}

const NOTHING = new Uint8Array(0);
/** Some 500 bytes each. */
const MOST_ENVELOPES = 4096;

/**
 * Checks every frame that arrives. A frame that does not belong is counted, warned about at most once per interval and reason, and
 * dropped. Nothing is thrown into the client, because it would end the client's read loop.
 *
 * What a peer sends on one subject begins with the same bytes all the time, but for a new epoch. So the last envelope that passed on a
 * subject of a peer's own is remembered: a frame that begins with its bytes passes without being read again.
 */
export class FrameGate {
  readonly #endpoint: Endpoint;
  readonly #peers: ReadonlyMap<string, Peer>;
  /** By subject. Only those of peers: anybody else could fill it. */
  readonly #known = new Map<string, KnownEnvelope>();

  /** @param peers The admitted peers, by incarnation. */
  constructor(endpoint: Endpoint, peers: ReadonlyMap<string, Peer>) {
    this.#endpoint = endpoint;
    this.#peers = peers;
  }

  /**
   * Decodes a frame and compares its sender with its subject. A probe's subject names no sender, so for one only the form
   * is checked: it decides nothing.
   *
   * @throws DecodeError if it is no frame: see {@link malformed}
   */
  check(subject: string, bytes: Uint8Array): CheckedFrame | undefined {
    const known = this.#known.get(subject);
    if (known !== undefined && bytes.length <= LONGEST_FRAME_BYTES && startsWith(bytes, known.bytes)) {
      const { version, node, incarnation, epoch, kind, versions } = known.frame;
      const body = bytes.subarray(known.bytes.length);
      return { route: known.route, frame: { version, node, incarnation, epoch, kind, versions, body } };
    }
    const route = this.#endpoint.subjects.parse(subject);
    if (route === undefined)
      return this.#refuse('bad-subject', `A message came on ${JSON.stringify(subject.slice(0, 200))}.`);
    // Not `maxFrameBytes`, which is for own frames: a peer with another setting would never be heard.
    if (bytes.length > LONGEST_FRAME_BYTES) {
      return this.#refuse(
        'oversized-frame',
        `A frame of ${bytes.length} bytes is more than ${LONGEST_FRAME_BYTES}.`,
      );
    }
    const frame = decodeFrame(bytes);
    const fault = this.#faultOf(route, frame);
    if (fault === 'own') return this.#drop('own-frames');
    if (fault !== undefined)
      return this.#refuse('forged-frame', `A frame on ${quoteText(subject)} ${fault}.`);
    if ('kind' in route && this.#peers.has(frame.incarnation)) this.#remember(subject, route, frame, bytes);
    return { route, frame };
  }

  #remember(subject: string, route: Route, frame: Frame, bytes: Uint8Array): void {
    if (this.#known.size >= MOST_ENVELOPES) this.#known.clear();
    const envelope = bytes.slice(0, bytes.length - frame.body.length);
    this.#known.set(subject, { bytes: envelope, route, frame: { ...frame, body: NOTHING } });
  }

  /** Counts and warns of a frame that could not be decoded. Any other error is thrown again. */
  malformed(subject: string, error: unknown): undefined {
    if (!(error instanceof DecodeError)) throw error;
    const message = `A frame on ${quoteText(subject)} is malformed: ${error.message}`;
    return this.#refuse('malformed-frame', message);
  }

  /** Whether `reply` is an address on which this node may answer `asker`; any other would make it write to a third node. */
  mayAnswer(reply: string, asker: string): boolean {
    const route = this.#endpoint.subjects.parse(reply);
    if (route?.route === 'reply' && route.to === asker && route.from === this.#endpoint.node) return true;
    this.#refuse(
      'foreign-reply',
      `Node ${quoteText(asker)} asked for an answer on ${quoteText(reply)}, which is not its own.`,
    );
    return false;
  }

  #faultOf(route: Route, frame: Frame): string | undefined {
    const endpoint = this.#endpoint;
    const ownIncarnation = frame.incarnation === endpoint.incarnation;
    // A living node has sent no goodbye, so one in its name is news to it.
    if (ownIncarnation && frame.node === endpoint.node && frame.kind !== 'goodbye') return 'own';
    // A peer's name and incarnation were compared by their hash when it was admitted.
    const isPeer = this.#peers.get(frame.incarnation)?.node === frame.node;
    if (!isPeer && !belongsTo(frame.incarnation, frame.node))
      return `names ${frame.incarnation} as an incarnation of ${quoteText(frame.node)}`;
    if (route.route !== 'from' && route.to !== endpoint.node) return `is for ${quoteText(route.to)}`;
    if (route.route !== 'alive' && route.from !== frame.node)
      return `says it is from ${quoteText(frame.node)}`;
    const belongsHere = 'kind' in route ? route.kind === frame.kind : travelsOn(frame.kind, route.route);
    return belongsHere ? undefined : `is a ${frame.kind}`;
  }

  #refuse(reason: string, message: string): undefined {
    this.#endpoint.warn(reason, `${message} It was dropped.`);
  }

  #drop(reason: string): undefined {
    this.#endpoint.count(reason);
  }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  if (bytes.length < start.length) return false;
  for (let i = 0; i < start.length; i += 1) if (bytes[i] !== start[i]) return false;
  return true;
}
