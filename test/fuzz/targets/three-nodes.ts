import type { ProtocolOptions } from '../../../libs/pg-registry/src/cluster';
import {
  VirtualNetwork,
  type VirtualNode,
} from '../../../libs/pg-registry/src/protocol/virtual-network.fixture';

/** Small, so that a short conversation reaches them. */
export const OPTIONS = {
  maxPeers: 8,
  maxScopes: 20,
  maxEntriesPerPeer: 2000,
  maxTombstones: 8,
  ringBytes: 16_384,
  parkingBytes: 16_384,
  maxFrameBytes: 8192,
  maxHelloBytes: 1024,
  maxOpBytes: 16_384,
  maxUnsentOps: 50,
} as const satisfies Partial<ProtocolOptions>;

/** The scopes that run on each node; the second one has unique keys. */
export const SCOPES = ['s', 'u'] as const;

/** How long the nodes take to meet and to sync. */
const MEET_MS = 400;

/** A network of the nodes v, h and m. */
export interface ThreeNodes {
  readonly network: VirtualNetwork;
  /** v: everything is sent to it. */
  readonly victim: VirtualNode;
  /** h: a node with entries of its own. */
  readonly honest: VirtualNode;
  /** m: the node in whose name everything is sent. */
  readonly hostile: VirtualNode;
}

/** Starts three nodes that know each other, each with one entry in each scope: the same each time, to the numbers that they draw. */
export function startThreeNodes(): ThreeNodes {
  const network = new VirtualNetwork();
  const [victim, honest, hostile] = ['v', 'h', 'm'].map((name) => network.start({ name, options: OPTIONS }));
  for (const node of network.nodes) {
    for (const scope of SCOPES) {
      node.startScope(scope, scope === 'u' ? 'unique' : 'duplicate');
      node.join(scope, node.name, 'first');
    }
  }
  network.run(MEET_MS);
  return { network, victim, honest, hostile };
}
