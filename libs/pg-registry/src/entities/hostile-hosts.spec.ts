import { Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import { Entity } from '../nest/decorators/entity.decorator';
import { HandleCall, HandleCast } from '../nest/decorators/handlers.decorator';
import { OutgoingCalls } from '../calls/outgoing-calls';
import { EntityElsewhereError, type Pid, samePid } from '../term';
import { EntityHost } from './entity-host';
import { createTestCluster, type TestCluster, type TestNode, type TestNodeSettings } from '../testing';

const MOST = 5;

@Entity('file', { maxPerNode: MOST })
class File {
  @HandleCall()
  erase(): string {
    return 'erased';
  }
  onMerge(): void {
    return;
  }
}
@Entity('tiny')
class Tiny {
  @HandleCast()
  note(): void {
    return;
  }
}
@Entity('broken')
class Broken {
  onProcessStart(): never {
    throw new RangeError('deliberate '.repeat(1000));
  }
  @HandleCall()
  hi(): string {
    return 'hi';
  }
}
@Module({ providers: [File, Tiny, Broken] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

describe('A node that offers an entity type and lies', () => {
  let cluster: TestCluster;
  let host: TestNode;
  let caller: TestNode;
  let liar: TestNode;
  beforeEach(async () => {
    const modules = ({ node }: TestNodeSettings) => (node === 'host' ? [Hosts] : []);
    cluster = await createTestCluster({ nodes: ['host', 'caller', 'liar'], modules });
    [host, caller, liar] = ['host', 'caller', 'liar'].map((name) => cluster.node(name));
    await Promise.all([host, caller, liar].map(({ entities }) => entities.ready()));
    await eventually(() => liar.entities.hosts(File).length === 1);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await cluster.close();
  });

  /** Makes the liar a host that says of every entity that it is elsewhere. */
  const offer = async (elsewhere: Pid): Promise<() => number> => {
    let asked = 0;
    const error = new EntityElsewhereError('Ask this one.', { pid: elsewhere });
    // oxlint-disable-next-line typescript/unbound-method -- called with the host as `this`
    const { take } = EntityHost.prototype;
    jest.spyOn(EntityHost.prototype, 'take').mockImplementation(function (this: EntityHost, queued) {
      if (this.process.pid.node !== 'liar') return take.call(this, queued);
      asked += 1;
      queued.settle({ type: 'error', error, executed: false });
    });
    liar.node.mountEntity(File);
    await eventually(() => expect(caller.entities.hosts(File)).toHaveLength(2));
    return () => asked;
  };
  const say = (name: string, message: unknown): Promise<unknown> =>
    liar.processes.call(host.entities.hosts(File)[0].pid, name, message).catch((error: unknown) => error);

  it('leads no call to a process that is not the entity', async () => {
    const erased: Pid[] = [];
    const handlers = {
      call: (_: string, __: unknown, { caller: by }: { caller: Pid }) => void erased.push(by),
      cast: () => undefined,
      message: () => undefined,
    };
    const bystander = host.processes.mount({ label: 'bystander', handlers, serial: false });
    const asked = await offer(bystander.pid);
    const calls = Array.from({ length: 20 }, (_, key) =>
      caller.entities
        .ref(File, key)
        .call('erase', undefined, { timeoutMs: 3000 })
        .catch((error: unknown) => String(error)),
    );
    await Promise.all(calls);
    expect(asked()).toBeGreaterThan(0);
    expect(erased).toEqual([]);
  });

  it('starts no more entities elsewhere than a node takes, by whatever hosts say to each other', async () => {
    const from = liar.processes.self();
    const requests = Array.from({ length: 4 * MOST }, (_, at) => [
      say('merge', { type: 'file', key: `merge ${at}`, mergeId: `a${at}`, state: null }),
      say('receive', {
        type: 'file',
        key: `receive ${at}`,
        moveId: `b${at}`,
        from,
        stateVersion: 1,
        hasState: false,
        state: null,
      }),
    ]);
    await Promise.all(requests.flat());
    expect(host.node.stats().entities.living['file']).toBeLessThanOrEqual(MOST);
  });

  it('does not make a host ask all its peers for each of its questions', async () => {
    const asked = jest.spyOn(host.node.scope('pg.entities'), 'replicated');
    const answers = await Promise.all(Array.from({ length: 500 }, () => say('settle', null)));
    expect(new Set(answers)).toEqual(new Set([null]));
    expect(asked.mock.calls.length).toBeGreaterThan(0);
    expect(asked.mock.calls.length).toBeLessThan(20);
  });

  it('does not stop the rebalancing of a type by entities that it claims to have', async () => {
    const keys = ['file', ['file'], ['file', 1, 2], ['file', 'claimed'], ['file', 'claimed, too']];
    for (const key of keys) liar.registry('pg.entities').join(key, liar.processes.spawn().pid, null);
    const refuse = (): never => {
      throw new Error('I do not move.');
    };
    const handlers = { call: refuse, cast: () => undefined, message: () => undefined };
    const { pid } = liar.processes.mount({ label: 'host', handlers, serial: false });
    liar.registry('pg.hosts').join('file', pid, { guard: 'view', stateVersion: 1, full: true });
    await eventually(() => expect(caller.entities.hosts(File)).toHaveLength(2));
    await eventually(() => expect(caller.entities.list(File)).toHaveLength(4));
    const orders = jest.spyOn(OutgoingCalls.prototype, 'exit');
    expect(await caller.entities.rebalance(File)).toBe(0);
    const asked = orders.mock.calls.filter(([to]) => samePid(to, pid));
    expect(asked).toHaveLength(1); // it is not asked about the others any more
    expect(asked[0][2]).toBeLessThan(Infinity);
  });

  it('is shown nowhere when it makes many offers of one type, which each call would read', async () => {
    liar.node.stopScope('pg.hosts');
    const offers = liar.node.startScope('pg.hosts'); // with keys that need not be unique
    for (let at = 0; at < 3000; at += 1)
      offers.join('file', liar.processes.spawn().pid, { guard: 'view', stateVersion: 1, full: true });
    await eventually(() => expect(host.node.stats().protocol.counters['overfull']).toBeGreaterThan(0));
    await eventually(() => expect(host.entities.hosts(File).map(({ node }) => node)).toEqual(['host']));
    expect(await host.entities.ref(File, 1).call('erase')).toBe('erased');
  });

  it('does not make a node remember many keys of entities that fail to start, however long these are', async () => {
    const keys = Array.from({ length: 200 }, (_, at) => `${at}`.padEnd(4000, 'x'));
    const failures = await Promise.all(
      keys.map((key) =>
        caller.entities
          .ref(Broken, key)
          .call('hi', undefined, { timeoutMs: 20_000 })
          .catch((error: unknown) => String(error)),
      ),
    );
    expect(failures.filter((failure) => /deliberate/.test(String(failure)))).toHaveLength(keys.length);
    const { failedStarts, paused, living } = host.node.stats().entities;
    expect([failedStarts, living['broken']]).toEqual([keys.length, 0]);
    // The last ones, of 262,144 characters with their errors.
    expect(paused).toBeGreaterThan(20);
    expect(paused).toBeLessThan(65);
    await eventually(() => expect(caller.entities.list(Broken)).toHaveLength(0));
  });

  it('is asked for an entity a bounded number of times by a call that it sends on in vain', async () => {
    const asked = await offer(liar.processes.spawn().pid);
    const keys = Array.from({ length: 10 }, (_, key) => key);
    const call = (key: number): Promise<unknown> =>
      caller.entities
        .ref(File, key)
        .call('erase', undefined, { timeoutMs: 1000 })
        .catch((error: unknown) => error);
    const answers = await Promise.all(keys.map(call));
    const inVain = answers.filter((answer) => answer !== 'erased');
    expect(inVain.length).toBeGreaterThan(0);
    // In a second a call asks five times, and each time follows four answers.
    expect(asked()).toBeLessThanOrEqual(keys.length * 6 * 5);
  });

  it('does not make a node start hundreds of entities in one turn of its event loop', async () => {
    const casts = 300;
    for (let key = 0; key < casts; key += 1) liar.entities.ref(Tiny, key).cast('note');
    let [most, before, turns] = [0, 0, 0];
    for (let living = 0; living < casts; turns += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one turn after the other
      await new Promise((resolve) => setImmediate(resolve));
      living = host.node.stats().entities.living['tiny'] ?? 0;
      most = Math.max(most, living - before);
      before = living;
    }
    expect(most).toBeLessThanOrEqual(2 * 50);
    expect(turns).toBeGreaterThan(3);
  });
});
