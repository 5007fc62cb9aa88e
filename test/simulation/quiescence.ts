import { formatKey } from '../../libs/pg-registry/src/term';
import { Violation } from './invariants';
import { SCOPE_NAMES, type ScopeName, type SimulatedNode } from './simulated-node';
import { idOf, textOf } from './reference-model';
import type { SimulatedCluster } from './simulated-cluster';

/** After so long living nodes agree about each other: the longest wait for a lost chunk, and a time unit for liveness. */
const AGREED_MS = 4500;
/** Counters that do not move any more when everything is at rest. */
const BUSY = [
  'walks',
  'repair-asks',
  'resyncs-different',
  'resyncs-unrepairable',
  'resyncs-unanswered',
  'epoch-raised',
];

/** Mends everything, then gives the periods of the rest; what must hold after each is checked before the next. */
export function* restOf(cluster: SimulatedCluster): Iterable<number> {
  const { unitMs } = cluster.config;
  cluster.tell('everything is mended');
  cluster.mend();
  yield AGREED_MS + unitMs;
  const living = soleMembers(cluster);
  for (const scope of SCOPE_NAMES) for (const node of living) checkViews(node, living, scope);
  // Until the last of the dead is buried: silence, doubted twice, then confirmed.
  yield 3 * 3 * unitMs + 2 * unitMs;
  cluster.tell('all should be quiet');
  const before = busyness(cluster);
  yield unitMs;
  if (busyness(cluster) !== before) throw new Violation(10, `${before} became ${busyness(cluster)}`);
}

/** What must hold when all is mended and quiet. */
export function checkAgreement(cluster: SimulatedCluster): void {
  const { members } = cluster;
  for (const name of new Set(cluster.running.map((node) => node.name))) {
    const namesakes = cluster.running.filter((node) => node.name === name);
    const left = namesakes.filter((node) => node.takesPart);
    // Nobody may be left: whoever fenced the others was right to, and may have died since.
    if (left.length > 1) throw new Violation(6, `${left.length} living nodes are named ${name}`);
  }
  for (const node of members) checkPeers(node, members);
  for (const scope of SCOPE_NAMES) for (const node of members) checkViews(node, members, scope, true);
  cluster.checker.checkAllSubscribers();
  cluster.checker.checkNoOpenReplicatedCalls();
}

/** Members that have no namesake: who is current among namesakes may take longer to settle. */
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

/** Compares what a node holds of some owners with what they have; `whole`: and that it holds nothing else. */
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

function busyness({ members, checker }: SimulatedCluster): string {
  const counts = members.map(({ name, protocol }) => {
    const { counters } = protocol.stats();
    return `${name}: ${BUSY.map((counter) => `${counter} ${counters[counter] ?? 0}`).join(', ')}`;
  });
  return `${checker.changes} changes; ${counts.join('; ')}`;
}
