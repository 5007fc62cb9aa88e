import { formatKey } from '../../libs/pg-registry/src/term';
import { protocolOptions } from '../../libs/pg-registry/src/cluster';
import { Violation } from './invariants';
import { SCOPE_NAMES, type ScopeName, type SimulatedNode } from './simulated-node';
import { idOf, textOf } from './reference-model';
import type { SimulatedCluster } from './simulated-cluster';

/** How long living nodes take to agree about each other, in milliseconds: the longest wait for a lost chunk. Liveness adds one time unit. */
const AGREED_MS = 4500;
/** How much later than its time something may be seen. */
const SLACK_MS = 100;
/** A peer that sends its entries more slowly is not waited for: see `SyncTiming`. */
const LEAST_BYTES_PER_MS = 100;
/** Counters that no longer move in a quiet cluster. */
const ACTIVITY_COUNTERS = [
  'walks',
  'repair-asks',
  'resyncs-different',
  'resyncs-unrepairable',
  'resyncs-unanswered',
  'epoch-raised',
];

/** Ends all faults, then yields the quiet periods to wait for; checks what must hold after each. @throws Violation */
export function* quietPeriods(cluster: SimulatedCluster): Iterable<number> {
  const { unitMs } = cluster.config;
  cluster.log('all faults end');
  cluster.endAllFaults();
  if (cluster.isUnderAttack) {
    yield AGREED_MS + unitMs;
    for (const node of soleMembers(cluster)) checkAwaited(node, cluster);
    yield* patience(cluster);
    for (const node of soleMembers(cluster)) if (!node.isHostile) checkSynced(node);
    cluster.endAdversary();
  }
  yield AGREED_MS + unitMs;
  const living = soleMembers(cluster);
  for (const scope of SCOPE_NAMES) for (const node of living) checkViews(node, living, scope);
  // Until the last dead node is removed: after silence, doubted twice, then confirmed.
  yield 3 * 3 * unitMs + 2 * unitMs;
  cluster.log('the cluster should be quiet');
  const before = activityOf(cluster);
  yield unitMs;
  if (activityOf(cluster) !== before) throw new Violation(10, `${before} became ${activityOf(cluster)}`);
}

/**
 * Yields the time for which nodes may still wait for the hostile peer: it may have said just now that it lives anew, or runs a scope anew, or
 * it sends new entries all the time. As any peer, it is waited for; but a node that waits longer must have got entries of it meanwhile.
 */
function* patience(cluster: SimulatedCluster): Iterable<number> {
  const { syncPatienceMs } = protocolOptions(cluster.config.options);
  const waiting = (): SimulatedNode[] =>
    soleMembers(cluster).filter((node) => !node.isHostile && !node.protocol.synced);
  for (let nodes = waiting(); nodes.length > 0; nodes = waiting()) {
    const before = new Map(nodes.map((node) => [node, heldBy(node)]));
    yield syncPatienceMs + SLACK_MS;
    for (const [node, held] of before)
      if (heldBy(node) - held < SLACK_MS * LEAST_BYTES_PER_MS) checkSynced(node);
  }
}

/** The bytes of entries that a node holds of the peer of which it holds most. */
function heldBy({ protocol }: SimulatedNode): number {
  return protocol.stats().memory.largestPeerBytes;
}

/** Checks that a node waits for no other peer than a hostile one. @throws Violation */
function checkAwaited(node: SimulatedNode, { running }: SimulatedCluster): void {
  const isHostile = (name: string): boolean =>
    running.some((other) => other.name === name && other.isHostile);
  if (!node.isHostile && !node.protocol.arrivals().awaited.every(isHostile)) checkSynced(node);
}

/** Checks that a node waits for nobody any more. @throws Violation */
function checkSynced({ name, protocol }: SimulatedNode): void {
  if (protocol.synced) return;
  throw new Violation(
    12,
    `${name} still waits for ${protocol.arrivals().awaited.join(', ') || 'an introduction'}`,
  );
}

/** Checks what must hold when all faults have ended and the cluster is quiet. @throws Violation */
export function checkAgreement(cluster: SimulatedCluster): void {
  const { members } = cluster;
  for (const name of new Set(cluster.running.map((node) => node.name))) {
    const namesakes = cluster.running.filter((node) => node.name === name);
    const left = namesakes.filter((node) => node.isMember);
    // Zero are allowed: the node that fenced the others was right, and may have died since.
    if (left.length > 1) throw new Violation(6, `${left.length} living nodes are named ${name}`);
  }
  for (const node of members) checkPeers(node, members);
  for (const scope of SCOPE_NAMES) for (const node of members) checkViews(node, members, scope, true);
  cluster.checker.checkAllSubscribers();
  cluster.checker.checkNoOpenReplicatedCalls();
  cluster.checker.checkNoOpenCalls();
}

/** Returns the members without a namesake: namesakes may take longer to settle which of them is current. */
function soleMembers({ members, running }: SimulatedCluster): SimulatedNode[] {
  return members.filter((node) => running.filter((other) => other.name === node.name).length === 1);
}

function checkPeers(node: SimulatedNode, members: readonly SimulatedNode[]): void {
  const peers = node.protocol.peers();
  const expected = members.filter((member) => member !== node);
  const known = (peer: SimulatedNode): boolean =>
    peers.some(({ incarnation, suspect }) => incarnation === peer.incarnation && suspect === false);
  const missing = expected.filter((peer) => !known(peer));
  if (missing.length > 0 || peers.length !== expected.length) {
    const texts = peers.map(
      (peer) =>
        `${peer.node}${peer.incarnation.slice(-3)}${peer.suspect === false ? '' : ` (suspect: ${peer.suspect})`}`,
    );
    const wanted = expected.map((peer) => `${peer.name}${peer.incarnation.slice(-3)}`);
    throw new Violation(
      3,
      `the peers of ${node.name} are ${texts.join(', ') || 'none'}; there are ${wanted.join(', ') || 'none'}`,
    );
  }
}

/** Compares a node's entries of some owners with the owners' own. With `whole`, the node must have no others. */
function checkViews(
  node: SimulatedNode,
  owners: readonly SimulatedNode[],
  scope: ScopeName,
  whole = false,
): void {
  const table = node.tableOf(scope);
  if (table === undefined) return;
  const held = new Map(table.rows().map((row) => [idOf(row), row]));
  let expected = 0;
  for (const owner of owners) {
    for (const row of owner.tableOf(scope)?.rows() ?? []) {
      if (row.pid.incarnation !== owner.incarnation) continue;
      expected += 1;
      const copy = held.get(idOf(row));
      if (copy === undefined) throw new Violation(3, `${node.name} lacks ${textOf(row)}`);
      if (copy.revision !== row.revision)
        throw new Violation(3, `${node.name} has revision ${copy.revision} of ${textOf(row)}`);
    }
  }
  if (!whole && owners.length < 2) return;
  for (const row of held.values()) {
    const owner = owners.find(({ incarnation }) => incarnation === row.pid.incarnation);
    if (
      owner === undefined
        ? whole
        : owner.tableOf(scope)?.rowByNumber(owner.incarnation, row.number) === undefined
    )
      throw new Violation(3, `${node.name} still has ${textOf(row)}`);
  }
  if (whole && held.size !== expected)
    throw new Violation(
      3,
      `${node.name} has ${held.size} entries, not ${expected}, e.g. ${[...held.values()]
        .slice(0, 3)
        .map(({ key }) => formatKey(key))
        .join(', ')}`,
    );
}

function activityOf({ members, checker }: SimulatedCluster): string {
  const counts = members.map(({ name, protocol }) => {
    const { counters } = protocol.stats();
    return `${name}: ${ACTIVITY_COUNTERS.map((counter) => `${counter} ${counters[counter] ?? 0}`).join(', ')}`;
  });
  return `${checker.changes} changes; ${counts.join('; ')}`;
}
