import { performance } from 'node:perf_hooks';
import { Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import { createTestCluster, type TestCluster, type TestNode, type TestNodeSettings } from '../testing';
import type { Pid } from '../term';
import { FrozenCopy } from '../term/frozen-copy';
import { Entity } from '../nest/decorators/entity.decorator';
import { HandleCall } from '../nest/decorators/handlers.decorator';
import { isBetter } from './placement';

const MANY = 400;
const MOST_PER_TURN = 50;

/** Counts how often something happens in each turn of the event loop. */
class PerTurn {
  total = 0;
  readonly #counts = new Map<number, number>();

  /** It has happened. */
  readonly note = (): void => {
    // libuv's own count: between two callbacks of `setImmediate` two turns may do their work, if the order in their queue changes.
    const { loopCount } = performance.nodeTiming.uvMetricsInfo;
    this.total += 1;
    this.#counts.set(loopCount, (this.#counts.get(loopCount) ?? 0) + 1);
  };

  /** Waits until it has happened exactly so often. @returns The most of a turn */
  async mostUntil(total: number): Promise<number> {
    await eventually(() => this.total === total);
    return Math.max(...this.#counts.values());
  }
}

let handedOver: PerTurn;
let ended: PerTurn;
let state: unknown;

@Entity('thing')
class Thing {
  @HandleCall()
  hi(): string {
    return 'hi';
  }
  onHandOver(): unknown {
    handedOver.note();
    return state;
  }
  onMerge(): void {
    return;
  }
}
@Module({ providers: [Thing] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

describe('What a peer asks a node for in one turn of the event loop', () => {
  let cluster: TestCluster;
  let host: TestNode;
  let peer: TestNode;
  const hostPid = (): Pid => peer.entities.hosts(Thing)[0].pid;
  const living = (): number => host.node.stats().entities.living.thing;

  beforeEach(async () => {
    [handedOver, ended, state] = [new PerTurn(), new PerTurn(), undefined];
    const modules = ({ node }: TestNodeSettings) => (node === 'host' ? [Hosts] : []);
    cluster = await createTestCluster({ nodes: ['host', 'peer'], modules });
    [host, peer] = [cluster.node('host'), cluster.node('peer')];
    await Promise.all([host.entities.ready(), peer.entities.ready()]);
    await eventually(() => peer.entities.hosts(Thing).length === 1);
  });
  afterEach(() => cluster.close());

  it('ends fifty processes in a turn at most, and those that were asked for first', async () => {
    const processes = Array.from({ length: MANY }, () => host.processes.spawn());
    const order: Pid[] = [];
    const note = ({ pid }: { readonly pid: Pid }): void => {
      order.push(pid);
      ended.note();
    };
    for (const process of processes) void process.exited.then(() => note(process));
    const answers = processes.map(({ pid }) => peer.processes.exit(pid, 'r'));
    expect(await ended.mostUntil(MANY)).toBeLessThanOrEqual(MOST_PER_TURN);
    await Promise.all(answers);
    expect(order).toEqual(processes.map(({ pid }) => pid));
  });

  it('stops fifty entities in a turn at most', async () => {
    await startAll();
    const orders = Array.from({ length: MANY }, (_, key) =>
      peer.processes.exit(hostPid(), { order: 'stop', type: 'thing', key, reason: 'r' }),
    );
    expect(await ended.mostUntil(MANY)).toBeLessThanOrEqual(MOST_PER_TURN);
    await Promise.all(orders);
  });

  /** Has the peer say that it has all entities of the host. @returns How many of them have the better place there */
  const claimAll = (fake: Pid): number => {
    peer.registry('pg.hosts').join('thing', fake, { guard: 'view', stateVersion: 1, full: false });
    const entities = peer.registry('pg.entities');
    for (let key = 0; key < MANY; key += 1) entities.join(['thing', key], peer.processes.spawn().pid);
    return Array.from({ length: MANY }, (_, key) => key).filter((key) =>
      isBetter('thing', key, { node: 'peer' }, { node: 'host' }),
    ).length;
  };
  const startAll = async (): Promise<void> => {
    await Promise.all(Array.from({ length: MANY }, (_, key) => host.entities.ref(Thing, key).call('hi')));
    expect(living()).toBe(MANY);
    host
      .registry('pg.entities')
      .monitorScope()
      .subscribe((event) => {
        if (event.type === 'leave')
          for (const { pid } of event.entries) if (pid.node === 'host') ended.note();
      });
  };

  it('lets fifty entities give way to others in a turn at most', async () => {
    await startAll();
    const better = claimAll(peer.processes.spawn().pid);
    expect(better).toBeGreaterThan(3 * MOST_PER_TURN);
    expect(await handedOver.mostUntil(better)).toBeLessThanOrEqual(MOST_PER_TURN);
    await eventually(() => expect(living()).toBe(MANY - better));
  });

  it('ends fifty entities in a turn at most whose states were merged elsewhere, however the answers come', async () => {
    await startAll();
    state = 'mine';
    const merges: (() => void)[] = [];
    const call = (): Promise<unknown> => new Promise((resolve) => merges.push(() => resolve(true)));
    const handlers = { call, cast: () => undefined, message: () => undefined };
    const fake = peer.processes.mount({ label: 'Host', serial: false, handlers });
    const better = claimAll(fake.pid);
    await eventually(() => expect(merges).toHaveLength(better));
    for (const merge of merges) merge();
    expect(await ended.mostUntil(better)).toBeLessThanOrEqual(MOST_PER_TURN);
  });

  it('closes fifty entities in a turn at most that move, and ends as many, however the answers come', async () => {
    await startAll();
    const answers: { prepare: (() => void)[]; receive: (() => void)[] } = { prepare: [], receive: [] };
    const call = (name: string): Promise<unknown> =>
      new Promise((resolve) => answers[name as 'prepare' | 'receive'].push(() => resolve(fake.pid)));
    const handlers = { call, cast: () => undefined, message: () => undefined };
    const fake = peer.processes.mount({ label: 'Host', serial: false, handlers });
    peer.registry('pg.hosts').join('thing', fake.pid, { guard: 'view', stateVersion: 1, full: false });
    await eventually(() => expect(host.entities.hosts(Thing)).toHaveLength(2));
    // On a busy machine an answer may come after its time limit.
    const orders = Promise.allSettled(
      Array.from({ length: MANY }, (_, key) =>
        peer.processes.exit(hostPid(), { order: 'move', type: 'thing', key, node: 'peer' }),
      ),
    );
    await eventually(() => expect(answers.prepare).toHaveLength(MANY));
    for (const answer of answers.prepare) answer();
    expect(await handedOver.mostUntil(MANY)).toBeLessThanOrEqual(MOST_PER_TURN);
    await eventually(() => expect(answers.receive).toHaveLength(MANY));
    for (const answer of answers.receive) answer();
    expect(await ended.mostUntil(MANY)).toBeLessThanOrEqual(MOST_PER_TURN);
    await orders;
  });

  it('copies the key of a call to an entity a few times at most, because it may have thousands of parts', async () => {
    const copies = jest.spyOn(FrozenCopy, 'of');
    for (let key = 0; key < 20; key += 1) {
      copies.mockClear();
      // oxlint-disable-next-line no-await-in-loop
      expect(await peer.entities.ref(Thing, [[key]]).call('hi')).toBe('hi');
      const ofKey = copies.mock.calls.filter(([source]) => Array.isArray(source) && source[0] === 'thing');
      expect(ofKey.length).toBeLessThanOrEqual(4);
    }
    copies.mockRestore();
  });

  it('keeps the next life of an entity that was ended while its state was on its way', async () => {
    state = 'mine';
    let merge = (): void => undefined;
    const call = (): Promise<unknown> => new Promise((resolve) => (merge = () => resolve(true)));
    const handlers = { call, cast: () => undefined, message: () => undefined };
    const fake = peer.processes.mount({ label: 'Host', serial: false, handlers });
    let key = 0;
    while (!isBetter('thing', key, { node: 'peer' }, { node: 'host' })) key += 1;
    await host.entities.ref(Thing, key).call('hi');
    const { pid } = host.registry('pg.entities').lookup(['thing', key])[0];
    peer.registry('pg.hosts').join('thing', fake.pid, { guard: 'view', stateVersion: 1, full: true });
    const other = peer.processes.spawn();
    peer.registry('pg.entities').join(['thing', key], other.pid);
    const before = merge;
    await eventually(() => merge !== before);
    other.exit();
    await host.processes.exit(pid);
    await eventually(async () => expect(await host.entities.ref(Thing, key).call('hi')).toBe('hi'));
    merge();
    for (let turns = 0; turns < 20; turns += 1)
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setImmediate(resolve));
    expect(living()).toBe(1);
  });

  it('handles what a node says to a process before and after it asks for its end in that order', async () => {
    const seen: unknown[] = [];
    const processes = Array.from({ length: MANY }, () =>
      host.processes.spawn({ onMessage: (message: unknown) => void seen.push(message) }),
    );
    processes.forEach(({ pid }, nth) => {
      peer.processes.send(pid, nth);
      void peer.processes.exit(pid);
      peer.processes.send(pid, 'late');
    });
    await eventually(() => expect(processes.every(({ alive }) => !alive)).toBe(true));
    expect(seen.includes('late')).toBe(false);
  });
});
