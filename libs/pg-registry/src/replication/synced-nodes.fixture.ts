import type { ProtocolOptions, ScopeDigest } from '../cluster';
import { encodeHello } from '../cluster/hello';
import { type Passing, VirtualNetwork, type VirtualNode } from '../protocol/virtual-network.fixture';
import { rowText, valueText } from '../protocol/table-replay.fixture';
import { decodeFrame, FRAME_OVERHEAD_BYTES, Reader } from '../wire';

/** How long a message takes, in milliseconds. */
export const LATENCY_MS = 0.2;
/** What the protocol keeps free in a message for its subject and header. */
const SUBJECT_AND_HEADER_BYTES = 4096;
const NEVER_MS = 1_000_000_000;
/** How long nodes take to meet and to sync; after it a node answers a new question for its hello at once. */
const MEETING_MS = 500;

/** Options with which a node says nothing of itself after the first hellos and removes nobody, so that a spec sees its streams only. */
const QUIET: Partial<ProtocolOptions> = {
  helloIntervalMs: NEVER_MS,
  probeIntervalMs: NEVER_MS,
  probeTimeoutMs: NEVER_MS,
  confirmMs: NEVER_MS,
  rejoinGraceMs: NEVER_MS,
  peerTimeoutMs: NEVER_MS,
  isolationTimeoutMs: NEVER_MS,
  onlookerIntervalMs: NEVER_MS,
  stallMs: NEVER_MS,
  warnIntervalMs: 0,
};

/** Options of all nodes of a spec. */
export interface SyncedNodesOptions extends Partial<ProtocolOptions> {
  readonly seed?: number;
  /** The largest body of a frame, in bytes. */
  readonly maxBodyBytes?: number;
  /** How many entries of peers a node removes in one turn, at most. */
  readonly rowsPerTurn?: number;
}

/** Makes nodes that run scope `s` and are not connected yet. */
export function unconnected(names: readonly string[], options: SyncedNodesOptions = {}) {
  const { seed = 1, maxBodyBytes = 500_000, rowsPerTurn, ...given } = options;
  const network = new VirtualNetwork(seed, LATENCY_MS);
  const maxPayload = maxBodyBytes + FRAME_OVERHEAD_BYTES + SUBJECT_AND_HEADER_BYTES;
  const nodes = names.map((name) =>
    network.add({ name, maxPayload, rowsPerTurn, options: { ...QUIET, ...given } }),
  );
  for (const node of nodes) node.startScope('s');
  return { network, nodes };
}

/** Connects all nodes, which begin to meet. */
export function connectAll(network: VirtualNetwork): void {
  for (const node of network.nodes) network.connect(node);
}

/** Makes nodes that know each other and are in sync. */
export function synced(names: readonly string[], options: SyncedNodesOptions = {}) {
  const { network, nodes } = unconnected(names, options);
  for (const node of nodes) network.connect(node);
  network.run(MEETING_MS);
  return { network, nodes };
}

/** Makes nodes `a` and `b`, in sync. */
export function two(options: SyncedNodesOptions = {}) {
  const { network, nodes } = synced(['a', 'b'], options);
  const [a, b] = nodes;
  return { network, a, b };
}

/** Makes nodes `a`, `b` and `c`, in sync. */
export function three(options: SyncedNodesOptions = {}) {
  const { network, nodes } = synced(['a', 'b', 'c'], options);
  const [a, b, c] = nodes;
  return { network, a, b, c };
}

/** Tells whether a message belongs to a stream, not to the membership. */
export function isStream({ kind }: Passing): boolean {
  return kind === 'ops' || kind === 'repair' || kind === 'sync' || kind === 'applied';
}

/** Loses every operation that a node broadcasts, until the returned function is called. */
export function loseBroadcasts(network: VirtualNetwork, from: VirtualNode): () => void {
  network.loses = (message) => message.from === from.name && message.kind === 'ops';
  return () => {
    network.loses = () => false;
  };
}

/** Takes the body of a stream frame out of its envelope and from behind the scope's name. */
export function streamBody(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(decodeFrame(bytes).body);
  reader.string(128);
  return reader.rest();
}

/** Delivers a hello of `from` that claims a digest of scope `s`, whatever is true. */
export function injectHello(
  network: VirtualNetwork,
  from: VirtualNode,
  to: VirtualNode,
  digest: ScopeDigest,
): void {
  const body = encodeHello({
    beat: 1_000_000,
    discover: false,
    draining: false,
    serverId: from.link!.server.id,
    revision: 1_000_000,
    since: undefined,
    page: 0,
    pages: 1,
    running: [{ name: 's', keys: 'duplicate', ...digest }],
    stopped: [],
  });
  network.inject(to, from.protocol.subjects.announce('hello'), from.frame('hello', body));
}

/** The entries of an owner as a node has them, one line each. */
export function entriesOf(node: VirtualNode, owner: VirtualNode): string {
  return node
    .table()
    .rows()
    .filter((row) => row.pid.incarnation === owner.incarnation)
    .toSorted((a, b) => a.number - b.number)
    .map((row) => `${row.number} ${rowText(row)}`)
    .join('\n');
}

/** Compares what all nodes have of each owner with what the owner has. @returns The first difference in words */
export function difference({ nodes }: VirtualNetwork): string | undefined {
  for (const owner of nodes) {
    const own = entriesOf(owner, owner);
    for (const node of nodes) {
      const seen = entriesOf(node, owner);
      if (seen !== own)
        return `${node.name} has of ${owner.name}:\n${seen}\nbut it has itself:\n${own}`.slice(0, 1000);
    }
  }
  return undefined;
}

/** Takes the diffs of remote causes since the last call, as text: `peer join k v`, … */
export function takeEvents(node: VirtualNode): string[] {
  return node.diffs
    .splice(0)
    .flatMap(({ diff, cause }) =>
      diff.map(
        ({ kind, key, rows }) =>
          `${cause} ${kind} ${valueText(key)} ${rows.map((row) => valueText(row.value)).join(',')}`,
      ),
    );
}
