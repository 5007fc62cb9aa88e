import { Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import type { EntityStart } from '../entities';
import { isBetter } from '../entities/placement';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

const PEER_TIMEOUT_MS = 1000;
/** Keys whose place is the node a. */
const [first, second, third] = Array.from({ length: 100 }, (_, i) => `k${i}`).filter((key) =>
  isBetter('room', key, { node: 'a' }, { node: 'b' }),
);

let starts: string[] = [];

@Entity('room', { maxPerNode: 2 })
class Room {
  onProcessStart({ key }: EntityStart<string>): void {
    starts.push(key);
  }
  @HandleCall()
  hi(): string {
    return 'hi';
  }
}

@Module({ providers: [Room] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

describe('A host of entities that is full', () => {
  let cluster: TestCluster;
  let [a, b, caller]: TestNode[] = [];
  let readyAt: number;

  beforeEach(async () => {
    starts = [];
    const modules = ({ node }: { node: string }) => (node === 'caller' ? [] : [Hosts]);
    const options = { peerTimeoutMs: PEER_TIMEOUT_MS };
    cluster = await createTestCluster({ nodes: ['a', 'b', 'caller'], modules, options });
    [a, b, caller] = ['a', 'b', 'caller'].map((name) => cluster.node(name));
    for (const node of cluster.nodes) {
      await node.entities.ready();
      await eventually(() => node.entities.hosts(Room).length === 2);
    }
    readyAt = performance.now();
  });
  afterEach(() => cluster.close());

  it('says so when all nodes can know what lives there, not while a start has yet to begin', async () => {
    const known: number[] = [];
    caller
      .registry('pg.hosts')
      .monitor('room')
      .subscribe(() => {
        if (isFull(caller, 'a')) known.push(caller.entities.list(Room).length);
      });
    // Since a has just begun to offer the type, it asks b before it starts something: both starts wait, and begin one after the other.
    cluster.pause(b);
    const answers = [first, second].map((key) => caller.entities.ref(Room, key).call('hi'));
    await eventually(() => a.node.stats().calls.pendingRemote === 2);
    cluster.resume(b);
    expect(await Promise.all(answers)).toEqual(['hi', 'hi']);
    await eventually(() => known.length > 0);
    expect(known).toEqual([2]);
  });

  it('and has room again asks the next one, which may have started an entity of its place meanwhile', async () => {
    // Until then it asks anyway, because it has just begun to offer the type.
    await eventually(() => performance.now() > readyAt + PEER_TIMEOUT_MS);
    await caller.entities.ref(Room, first).call('hi');
    await caller.entities.ref(Room, second).call('hi');
    await eventually(() => isFull(b, 'a'));
    // What b sends from here on comes late.
    cluster.pause(b);
    expect(await b.entities.ref(Room, third).call('hi')).toBe('hi');
    expect(await a.entities.stop(Room, first)).toBe(true);
    await eventually(() => !isFull(caller, 'a'));
    const answer = caller.entities.ref(Room, third).call('hi');
    await eventually(() => a.node.stats().calls.pendingRemote > 0);
    cluster.resume(b);
    expect(await answer).toBe('hi');
    expect(starts).toEqual([first, second, third]);
  });
});

function isFull({ entities }: TestNode, host: string): boolean {
  return entities.hosts(Room).some(({ node, full }) => node === host && full);
}
