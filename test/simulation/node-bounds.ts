import { Violation } from './invariants';
import type { SimulatedNode } from './simulated-node';

/** More counters than the library has: no peer can make a node create counters. */
const MOST_COUNTERS = 100;

/** Checks that a node holds no more than its options allow. @throws Violation */
export function checkMemory(node: SimulatedNode): void {
  const { maxUnsentOps, ringBytes, parkingBytes, maxPeerBytes, maxPeers, maxTombstones, maxScopes } =
    node.options;
  const { peers, tombstones, memory, counters } = node.protocol.stats();
  const bounds = [
    ['unsent operations', memory.unsentOperations, maxUnsentOps],
    ['recent operations', memory.ringBytes, ringBytes],
    ['parked frames', memory.parkingBytes, parkingBytes],
    ['bytes of the entries of one peer', memory.largestPeerBytes, maxPeerBytes],
    ['peers', peers, maxPeers],
    ['scopes of one peer', mostScopes(node), maxScopes],
    ['kinds of counters', Object.keys(counters).length, MOST_COUNTERS],
    ['names', tombstones, maxPeers + maxTombstones],
  ] as const;
  for (const [what, used, bound] of bounds) {
    if (used > bound || used < 0)
      throw new Violation(5, `${node.name} holds ${used} of ${what}; the bound is ${bound}.`);
  }
}

/** Checks that nobody has ended the root process of a node: it ends with its node. @throws Violation */
export function checkRootLives({ name, processes, isMember }: SimulatedNode): void {
  if (isMember && !processes.root.alive) throw new Violation(9, `the root process of ${name} has ended.`);
}

function mostScopes({ protocol }: SimulatedNode): number {
  return Math.max(
    0,
    ...protocol.peers().map(({ incarnation }) => protocol.peer(incarnation)?.scopes.length ?? 0),
  );
}
