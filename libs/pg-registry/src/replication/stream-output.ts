import type { DiffReceiver, Endpoint, Peer, RemoteCause, ScopeDigest } from '../cluster';
import type { Diff } from '../table';
import { DecodeError, type InboxKind, type StreamKind, Writer } from '../wire';

/** A peer as replication sees it: its address, the incarnation that owns its entries, the version in which it is spoken to, and what it may make this node send. */
export type StreamPeer = Pick<Peer, 'node' | 'incarnation' | 'version' | 'allowance'>;

/** What a {@link StreamOutput} is given. */
export interface StreamOutputDeps {
  readonly endpoint: Endpoint;
  readonly scope: string;
  /** Takes the diffs that peers make. */
  readonly receiver: DiffReceiver;
  /** Asks a node to introduce itself, at most once a second. */
  readonly ask: (node: string) => void;
  /** Introduces this node to a node that waits for it. */
  readonly introduce: (node: string) => void;
  /** Runs when a flush that was asked for here is done. */
  readonly onFlushed: () => void;
}

/**
 * Everything that the stream of one scope gives out: frames and diffs, straight into the protocol's one list of effects.
 *
 * The list keeps frames before diffs: a diff runs the user's code, which may write, and the frames of that write must not
 * overtake those that were made before.
 */
export class StreamOutput {
  /** Stands at the beginning of every body. */
  readonly #scopeBytes: Uint8Array;
  readonly #broadcastSubject: string;

  /** Counts something by its name. The endpoint's own method: frames are counted often. */
  readonly count: Endpoint['count'];
  /** Tells the scope that entries of a peer have changed in its table. The endpoint's own method, too. */
  readonly diff: (diff: Diff, cause: RemoteCause) => void;

  readonly #deps: StreamOutputDeps;

  constructor(deps: StreamOutputDeps) {
    this.#deps = deps;
    const { endpoint, scope, receiver } = deps;
    this.count = endpoint.count.bind(endpoint);
    this.diff = endpoint.emitDiff.bind(endpoint, scope, receiver);

    const writer = new Writer();
    writer.string(deps.scope);
    this.#scopeBytes = writer.finish();
    this.#broadcastSubject = deps.endpoint.subjects.ops(deps.scope);
  }

  /** Sends a body to every node that follows the scope. */
  broadcast(body: Uint8Array): void {
    const { endpoint } = this.#deps;
    const frame = endpoint.frame('ops', body, endpoint.broadcastVersion, this.#scopeBytes);
    endpoint.send(this.#broadcastSubject, frame);
  }

  /** Sends a question to one peer. If this node's hello to that peer is still to come, it goes first: strangers are not answered. */
  ask(peer: StreamPeer, kind: StreamKind & InboxKind, body: Uint8Array): void {
    this.#deps.introduce(peer.node);
    this.send(peer, kind, body);
  }

  /** Sends a body to one peer. */
  send(peer: StreamPeer, kind: StreamKind & InboxKind, body: Uint8Array): void {
    const { endpoint } = this.#deps;
    const frame = endpoint.frame(kind, body, peer.version, this.#scopeBytes);
    endpoint.send(endpoint.subjects.to(peer.node, kind), frame);
  }

  /** The peer's stream is not the one that is followed: asks for its hello. */
  discover(peer: StreamPeer): void {
    this.#deps.ask(peer.node);
  }

  /** Flushes the connection. */
  flush(): void {
    const { endpoint, onFlushed } = this.#deps;
    endpoint.afterFlush(onFlushed);
  }

  /** The peer's stream is in sync, `durationMs` after its entries were first asked for. */
  synced({ node }: StreamPeer, durationMs: number): void {
    const { endpoint, scope } = this.#deps;
    endpoint.emit({ type: 'synced', scope, peer: node, durationMs });
  }

  /** A write was applied at the peer, and `durationMs` after it was made the peer's answer was here. */
  lag({ node }: StreamPeer, durationMs: number): void {
    const { endpoint, scope } = this.#deps;
    endpoint.emit({ type: 'lag', scope, peer: node, durationMs });
  }

  /** A `replicated()` has ended. */
  replicated(id: number, laggards: readonly string[], connected: boolean): void {
    this.#deps.endpoint.emit({ type: 'replicated', id, laggards, connected });
  }

  /** What is known of a peer is not what its digest says, of the same moment. */
  differs({ node }: StreamPeer, { last }: ScopeDigest): void {
    const message = `What is known of ${node} differs from what it has after its operation ${last}: syncing again. This is a bug or corrupted memory.`;
    this.warn('digest-mismatch', message);
  }

  /** Counts, and logs at most once per interval. */
  warn(reason: string, message: string): void {
    const { endpoint, scope } = this.#deps;
    endpoint.warn(reason, message, scope);
  }

  /** Counts and warns of bytes that cannot be decoded; what was in them counts as lost. Any other error is thrown again. */
  refuse(error: unknown): void {
    if (!(error instanceof DecodeError)) throw error;
    this.warn('refused', error.message);
  }
}
