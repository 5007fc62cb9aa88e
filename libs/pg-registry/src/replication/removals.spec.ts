import { DEFAULT_PROTOCOL_OPTIONS } from '../cluster';
import type { VirtualNetwork, VirtualNode } from '../protocol/virtual-network.fixture';
import { Table, type RemoteEntries } from '../table';
import { Pid } from '../term';
import { ReplicationBudget } from './budget';
import { Removals } from './removals';
import type { StreamOutput } from './stream-output';
import { difference, synced, two } from './synced-nodes.fixture';

/** How many entries of peers a node removes in one turn, at most. */
const MOST = 100;
/** Much shorter than a turn of a virtual event loop. */
const MOMENT_MS = 0.01;

/** The entries that a node has in a scope, from now on, each time that their number has changed. */
function countsOf(network: VirtualNetwork, node: VirtualNode, until: number, scopes = ['s']): number[] {
  const counts: number[] = [];
  const count = (): number => scopes.reduce((sum, scope) => sum + node.table(scope).count, 0);
  for (let last = NaN; last !== until && counts.length < 100; network.run(MOMENT_MS)) {
    if (count() !== last) counts.push((last = count()));
  }
  return counts;
}

function steps(counts: readonly number[]): number[] {
  return counts.slice(1).map((count, at) => counts[at] - count);
}

describe('entries of a lost peer', () => {
  it('leave a bounded number in a turn, the newest first, each with its event', () => {
    const { network, a, b } = two({ rowsPerTurn: MOST });
    for (let i = 0; i < 350; i += 1) a.join('s', 'k', i);
    b.join('s', 'own');
    network.run(500);
    expect(b.table().count).toBe(351);
    b.diffs.length = 0;
    network.leave(a);
    const counts = countsOf(network, b, 1);
    expect(counts.length).toBeGreaterThan(2);
    expect(Math.max(...steps(counts))).toBeLessThanOrEqual(MOST);
    const left = b.diffs.flatMap(({ diff }) => diff.flatMap(({ rows }) => rows.map(({ number }) => number)));
    expect(left).toEqual(left.toSorted((one, other) => other - one));
    expect(left).toHaveLength(350);
    expect(b.diffs.map(({ cause }) => cause)).toEqual(b.diffs.map(() => 'node-down'));
  });

  it('leave at once, in one diff, if they are few', () => {
    const { network, a, b } = two({ rowsPerTurn: MOST });
    for (let i = 0; i < MOST; i += 1) a.join('s', `k${i % 3}`, i);
    network.run(500);
    b.diffs.length = 0;
    network.leave(a);
    expect(steps(countsOf(network, b, 0))).toEqual([MOST]);
    expect(b.diffs).toHaveLength(1);
  });

  it('share the turn with those of other peers and scopes', () => {
    const { network, nodes } = synced(['a', 'b', 'c'], { rowsPerTurn: MOST });
    const [a, b, c] = nodes;
    for (const node of nodes) node.startScope('t');
    network.run(500);
    for (const node of [a, b]) for (let i = 0; i < 75; i += 1) node.join('s', 'k', i);
    for (const node of [a, b]) for (let i = 0; i < 75; i += 1) node.join('t', 'k', i);
    network.run(500);
    expect(c.table('t').count).toBe(150);
    for (const node of [a, b]) network.leave(node);
    expect(Math.max(...steps(countsOf(network, c, 0, ['s', 't'])))).toBeLessThanOrEqual(MOST);
  });

  it('leave also while the node has no connection', () => {
    const { network, a, b } = two({ rowsPerTurn: MOST, isolationTimeoutMs: 100 });
    for (let i = 0; i < 250; i += 1) a.join('s', 'k', i);
    network.run(500);
    network.disconnect(b);
    network.run(105);
    expect(b.removals()).toEqual(['a']);
    expect(b.table().count).toBe(0);
  });

  it('are not mistaken for entries of the peer if it comes back before the last of them has left', () => {
    const { network, a, b } = two({ rowsPerTurn: MOST, isolationTimeoutMs: 100 });
    for (let i = 0; i < 450; i += 1) a.join('s', `k${i % 7}`, i);
    network.run(500);
    network.disconnect(b);
    network.until(() => b.removals().length > 0, 1000);
    for (let i = 0; i < 25; i += 1) a.leave('s', `k${i % 7}`);
    network.connect(b);
    b.loop.pause();
    network.run(5);
    expect(b.table().count).toBeGreaterThan(0);
    b.loop.resume();
    network.run(500);
    expect(b.peers).toEqual(['a']);
    expect(difference(network)).toBeUndefined();
  });

  it('leave a bounded number in a turn also when the peer has too many of them', () => {
    const { network, a, b } = two({ rowsPerTurn: MOST, maxEntriesPerPeer: 300 });
    for (let i = 0; i < 300; i += 1) a.join('s', 'k', i);
    network.run(500);
    b.diffs.length = 0;
    a.join('s', 'one more');
    network.run(100);
    expect(b.table().count).toBe(0);
    const left = b.diffs.map(({ diff }) => diff.flatMap(({ kind, rows }) => (kind === 'leave' ? rows : [])));
    expect(Math.max(...left.map(({ length }) => length))).toBeLessThanOrEqual(MOST);
    expect(left.flat()).toHaveLength(301);
    for (let i = 0; i < 250; i += 1) a.leave('s', 'k');
    network.discoverAll();
    network.run(500);
    expect(difference(network)).toBeUndefined();
  });
});

it('a peer without entries that begins anew keeps what it registers while entries of others leave', () => {
  const table = new Table({ node: 'a', incarnation: 'a'.repeat(16), keys: 'duplicate' });
  const [lost, other] = ['b', 'c'].map((name) => table.remote(name.repeat(16)));
  const join = (entries: RemoteEntries, number: number): unknown =>
    entries.apply(
      {
        number,
        groups: [
          { kind: 'join', key: 'k', entries: [{ number, pid: new Pid('n', entries.owner, 1), value: 1 }] },
        ],
      },
      Infinity,
    );
  join(lost, 1);
  join(lost, 2);
  const budget = new ReplicationBudget(DEFAULT_PROTOCOL_OPTIONS, 1);
  const removals = new Removals({ budget, output: { diff: () => undefined } as unknown as StreamOutput });
  removals.begin(lost, 'node-down');
  removals.begin(other, 'peer');
  join(other, 1);
  budget.beginTurn();
  removals.tick();
  budget.beginTurn();
  removals.tick();
  expect([lost.count, other.count]).toEqual([0, 1]);
});
