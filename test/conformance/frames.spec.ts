import { encodeFrame, type Sender } from '../../libs/pg-registry/src/wire/frame';
import type { FrameKind } from '../../libs/pg-registry/src/wire/frame-kinds';
import { incarnationOf } from '../../libs/pg-registry/src/wire/incarnation';
import {
  VirtualNetwork,
  type VirtualNode,
} from '../../libs/pg-registry/src/protocol/virtual-network.fixture';
import { QueuedChange } from '../../libs/pg-registry/src/scope/queued-change';
import { type Diff, type SyncChunk, Table } from '../../libs/pg-registry/src/table';
import { Pid, type Value } from '../../libs/pg-registry/src/term';

const HERE = 'a'.repeat(16);
const THERE = 'b'.repeat(16);

const identityOf = ({ name, incarnation, protocol }: VirtualNode): Sender => ({
  node: name,
  incarnation,
  epoch: protocol.epoch,
});

function frame(sender: Sender, kind: FrameKind, version: number): Uint8Array {
  return encodeFrame({ ...sender, version, kind, versions: { min: version, max: version } });
}

/** Collects every message that a node publishes from now on. */
function overhear(network: VirtualNetwork, speaker: VirtualNode): { subject: string; bytes: Uint8Array }[] {
  const said: { subject: string; bytes: Uint8Array }[] = [];
  network.onPublish = ({ from, subject, bytes }) => {
    if (from === speaker) said.push({ subject, bytes });
  };
  return said;
}

/** All entries of the peer, as its sync has them. */
function syncOf(at: number, entries: readonly (readonly [number: number, value: Value])[]): SyncChunk {
  const pid = new Pid('there', THERE, 1);
  const rows = entries.map(([number, value]) => ({ number, key: 'k', pid, value, revision: number }));
  return { from: 0, to: Infinity, at, rows };
}

/** The events of a diff, in short. */
function told(diff: Diff): unknown[] {
  return diff.map((change) => {
    const event = new QueuedChange(change, 'sync', 1).makeEvent();
    return [event.type, event.key, event.entries.map(({ value }) => value)];
  });
}

describe('frames', () => {
  test('C121 a node warns of a peer with another protocol version and ignores it, and drops a frame without a version', () => {
    const network = new VirtualNetwork();
    const [a] = network.startCluster(1);
    const stranger = { node: 'stranger', incarnation: incarnationOf('stranger', 7), epoch: 5 };
    network.inject(a, 'pgr.test.from.stranger.discover', frame(stranger, 'discover', 99));
    network.inject(a, 'pgr.test.to.n0.discover.stranger', frame(stranger, 'discover', 99));
    network.inject(a, 'pgr.test.to.n0.discover.stranger', frame(stranger, 'discover', 99).slice(0, 2));
    network.run(5000);
    expect(a.warnings()).toContain('rejected-version');
    expect(a.warnings()).toContain('malformed-frame');
    expect([a.peers, a.keys('s')]).toEqual([[], ['n0']]);
    const b = network.start('b');
    network.run(1000);
    expect([a.peers, b.peers]).toEqual([['b'], ['n0']]);
  });

  test('C123 a node does not apply operations of an unknown peer, nor a leave of an unknown entry', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    const elsewhere = new VirtualNetwork(2);
    const [ghost, witness] = [elsewhere.start('ghost'), elsewhere.start('witness')];
    for (const node of [ghost, witness]) node.startScope('s');
    elsewhere.run(3000);
    const said = overhear(elsewhere, ghost);
    ghost.join('s', 'ghostly');
    elsewhere.run(3000);
    const operations = said.filter(({ subject }) => subject.endsWith('.ops.s'));
    expect(operations).not.toEqual([]);
    const before = a.diffs.length;
    for (const { subject, bytes } of operations) network.inject(a, subject, bytes);
    expect(a.keys('s')).toEqual(['n0', 'n1']);
    const leave = { number: 2, groups: [{ kind: 'leave', numbers: [77] }] } as const;
    expect(a.tables.get('s')!.remote(b.incarnation).apply(leave, Infinity)).toEqual([]);
    expect(a.diffs.slice(before)).toEqual([]);
  });

  test('C124 a sync emits exactly the leaves and joins that differ, and the same sync again emits nothing', () => {
    const table = new Table({ node: 'here', incarnation: HERE, keys: 'duplicate' });
    table.remote(THERE).merge(
      syncOf(2, [
        [1, 'one'],
        [2, 'two'],
      ]),
    );
    const next = syncOf(4, [
      [2, 'two'],
      [4, 'three'],
    ]);
    expect(told(table.remote(THERE).merge(next))).toEqual([
      ['leave', 'k', ['one']],
      ['join', 'k', ['three']],
    ]);
    expect(table.remote(THERE).merge(next)).toEqual([]);
  });

  test('C128 a sync changes only entries of its sender', () => {
    const table = new Table({ node: 'here', incarnation: HERE, keys: 'duplicate' });
    table.join('k', [new Pid('here', HERE, 1)], 'own', { last: 0 }, 1);
    table.remote(THERE).merge(syncOf(1, [[1, 'theirs']]));
    expect(told(table.remote(THERE).merge(syncOf(2, [])))).toEqual([['leave', 'k', ['theirs']]]);
    expect(table.lookup('k')).toMatchObject([{ value: 'own' }]);
  });

  test('C136 a node that receives its own messages does not become its own peer', () => {
    const network = new VirtualNetwork();
    const a = network.add('a');
    const said = overhear(network, a);
    network.connect(a);
    a.startScope('s');
    a.join('s', 'k');
    network.run(5000);
    expect(said.some(({ subject }) => subject === 'pgr.test.from.a.hello')).toBe(true);
    for (const { subject, bytes } of said) network.inject(a, subject, bytes);
    network.inject(a, 'pgr.test.from.a.discover', frame(identityOf(a), 'discover', 1));
    network.run(5000);
    expect(a.peers).toEqual([]);
    expect(a.entries('s', 'k')).toHaveLength(1);
  });
});
