import { eventually } from '../../../../test/support/eventually';
import { Injectable, Module, Scope } from '@nestjs/common';
import { Entity } from '../nest/decorators/entity.decorator';
import { HandleCall } from '../nest/decorators/handlers.decorator';
import {
  AlreadyRegisteredError,
  DEFAULT_VALUE_LIMITS,
  EntityUnavailableError,
  InvalidArgumentError,
  MailboxFullError,
  NoHandlerError,
  type Pid,
  PidInterner,
} from '../term';
import { hostOrders } from './host-orders';
import { Outcomes } from './memory/outcomes';
import { createTestCluster, type TestCluster, type TestNode, type TestNodeSettings } from '../testing';

const merges: unknown[] = [];

@Entity('thing', { maxPerNode: 3 })
class Thing {
  @HandleCall()
  hi(): string {
    return 'hi';
  }
  onMerge(state: unknown): void {
    merges.push(state);
  }
}
let claimed: Pid;

/** Offers a type, takes entities, and says what it likes. */
@Injectable({ scope: Scope.TRANSIENT })
class FakeHost {
  @HandleCall()
  prepare(): null {
    return null;
  }
  @HandleCall()
  receive(): Pid {
    return claimed;
  }
  @HandleCall()
  settle(): null {
    return null;
  }
}

@Module({ providers: [FakeHost] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Liar {}

@Entity('plenty')
class Plenty {
  @HandleCall()
  hi(): string {
    return 'hi';
  }
}

@Module({ providers: [Thing, Plenty] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

describe('A peer that says what it likes to a host of entities', () => {
  let cluster: TestCluster;
  let host: TestNode;
  let liar: TestNode;
  const hostPid = (): Pid => host.entities.hosts(Thing).find(({ node }) => node === 'host')!.pid;
  const say = (name: string, message: unknown): Promise<unknown> =>
    liar.processes.call(hostPid(), name, message).catch((error: unknown) => error);

  /** A key whose entity lives on a node. */
  async function keyOn(node: string): Promise<string> {
    for (let i = 0; ; i += 1) {
      await liar.entities
        .ref(Thing, `t${i}`)
        .call('hi')
        .catch(() => undefined);
      const pid = host.entities.find(Thing, `t${i}`);
      if (pid?.node === node) return `t${i}`;
      await liar.entities.stop(Thing, `t${i}`);
    }
  }

  beforeAll(async () => {
    const modules = ({ node }: TestNodeSettings) => (node === 'liar' ? [Liar] : [Hosts]);
    cluster = await createTestCluster({ nodes: ['host', 'liar'], modules });
    host = cluster.node('host');
    liar = cluster.node('liar');
    await Promise.all([host.entities.ready(), liar.entities.ready()]);
    await eventually(() => liar.entities.hosts(Thing).length === 1);
  });
  afterAll(() => cluster.close());

  it.each([
    ['prepare', null],
    ['prepare', { type: 'thing', key: 'a', moveId: 7, from: 1 }],
    ['receive', { type: 'thing', key: new Map(), moveId: 'm', from: 1 }],
    ['receive', []],
    ['merge', { type: 'thing', key: 'a' }],
    ['known', { type: '', key: 'a' }],
  ])('is refused what no host says: %s %j', async (name, message) => {
    expect(['INVALID_ARGUMENT', 'INVALID_VALUE']).toContain(
      ((await say(name, message)) as { code: string }).code,
    );
  });

  it('announces only its own entities, no more than the host would start, and they do not stay announced', async () => {
    const from = liar.processes.self();
    const others = { type: 'thing', key: 'not mine', moveId: 'm', from: host.processes.self() };
    for (const name of ['prepare', 'receive'])
      expect(await say(name, { ...others, stateVersion: 1, hasState: true, state: 'forged' })).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => say('prepare', { type: 'thing', key: i, moveId: `m${i}`, from })),
    );
    expect(answers.filter((answer) => answer === null)).toHaveLength(3);
    expect(answers.filter((answer) => answer instanceof EntityUnavailableError)).toHaveLength(7);
    const waiting = liar.entities.ref(Thing, 0).call('hi', undefined, { timeoutMs: 20_000 });
    cluster.crash(liar);
    void waiting.catch(() => undefined);
    await eventually(() => expect(host.node.peers()).toEqual([]), { timeoutMs: 15_000 });
    expect(await host.entities.ref(Thing, 0).call('hi')).toBe('hi');
    liar = await cluster.start('liar');
    await liar.entities.ready();
    await eventually(() => expect(liar.entities.hosts(Thing)).toHaveLength(1));
  });

  it('announces a bounded number of entities that do not come, and other calls go on', async () => {
    const from = liar.processes.self();
    const answers = await Promise.all(
      Array.from({ length: 1200 }, (_, at) =>
        say('prepare', { type: 'plenty', key: `announced ${at}`, moveId: `p${at}`, from }),
      ),
    );
    expect(answers.filter((answer) => answer === null)).toHaveLength(1000);
    expect(answers.at(-1)).toBeInstanceOf(EntityUnavailableError);
    expect(await host.entities.ref(Plenty, 'other').call('hi')).toBe('hi');
  });

  it('merges nothing into an entity by the name that hosts use among themselves', async () => {
    const error = await liar.entities
      .ref(Thing, 0)
      .call('pg.merge', 'forged')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NoHandlerError);
    expect(merges).toEqual([]);
  });

  it('starts no more entities by deliveries than the host takes, announced or not', async () => {
    const from = liar.processes.self();
    const delivery = (i: number) => ({
      type: 'thing',
      key: `delivered ${i}`,
      moveId: `d${i}`,
      from,
      stateVersion: 1,
      hasState: true,
      state: i,
    });
    await Promise.all(Array.from({ length: 10 }, (_, i) => say('receive', delivery(i))));
    expect(host.node.stats().entities.living).toMatchObject({ thing: 3 });
  });

  it('starts no more entities by merges than the host takes', async () => {
    const merge = (i: number) => ({ type: 'thing', key: `merged ${i}`, mergeId: `g${i}`, state: i });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => say('merge', merge(i))));
    expect(answers.filter((answer) => answer instanceof EntityUnavailableError).length).toBeGreaterThan(0);
    expect(host.node.stats().entities.living).toMatchObject({ thing: 3 });
  });

  it('takes no announcement, and no delivery, of a process that is not of the node that says so', async () => {
    const from = host.processes.self();
    for (const name of ['prepare', 'receive']) {
      const message = {
        type: 'thing',
        key: 'of others',
        moveId: 'o',
        from,
        stateVersion: 1,
        hasState: false,
        state: null,
      };
      expect(await say(name, message)).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('starts no second entity for a node that delivers one which lives on a third', async () => {
    const third = await cluster.start('third');
    await third.entities.ready();
    for (const { key } of host.entities.list(Thing))
      await host.entities.stop(Thing, (key as [string, string])[1]);
    const key = await keyOn('third');
    const message = { type: 'thing', key, moveId: 'theft', from: liar.processes.self() };
    expect(await say('prepare', message)).toBeInstanceOf(AlreadyRegisteredError);
    expect(
      await say('receive', { ...message, stateVersion: 1, hasState: true, state: 'forged' }),
    ).toBeInstanceOf(AlreadyRegisteredError);
    expect(host.node.stats().entities.living).toMatchObject({ thing: expect.any(Number) });
    expect(host.entities.find(Thing, key)?.node).toBe('third');
    expect(host.registry('pg.entities').lookup(['thing', key])).toHaveLength(1);
  });

  it('believes no host that says it has an entity on the node of somebody else', async () => {
    const key = await keyOn('host');
    const fake = await liar.processes.start(FakeHost);
    claimed = host.processes.self();
    liar.registry('pg.hosts').join('thing', fake.pid, { guard: 'view', stateVersion: 1, full: false });
    await eventually(() => host.entities.hosts(Thing).length === 3);
    expect(await host.entities.move(Thing, key, 'liar')).toBe(false);
    expect(host.node.stats().entities.moves).toMatchObject({ failed: 1 });
    fake.exit();
    await eventually(() => host.entities.hosts(Thing).length === 2);
  });

  it('remembers the outcomes of moves for each peer apart, so that one cannot push out those of others', () => {
    const outcomes = new Outcomes<number>(3);
    outcomes.remember('a', true, 'move', () => 1);
    for (let i = 0; i < 100; i += 1) outcomes.remember('b', true, `move ${i}`, () => i);
    expect(outcomes.remember('a', true, 'move', () => 2)).toBe(1);
    expect(outcomes.size).toBe(4);
    // What another peer calls the same is another move.
    expect(outcomes.remember('b', true, 'move', () => 3)).toBe(3);
  });

  it('remembers the outcomes of a peer that was lost, because it may come back and ask again', () => {
    const outcomes = new Outcomes<number>(3);
    outcomes.remember('a', true, 'move', () => 1);
    outcomes.peerLost('a');
    expect(outcomes.remember('a', true, 'move', () => 2)).toBe(1);
  });

  it('remembers no more of all lost peers together than of one that lives', () => {
    const outcomes = new Outcomes<number>(3);
    for (const peer of ['a', 'b', 'c', 'd', 'e']) {
      outcomes.remember(peer, true, 'move', () => 1);
      outcomes.peerLost(peer);
    }
    expect(outcomes.size).toBe(3);
    expect(outcomes.remember('e', true, 'move', () => 2)).toBe(1);
    expect(outcomes.remember('a', true, 'move', () => 2)).toBe(2);
  });

  it('moves nothing to a node that does not offer the type', async () => {
    await eventually(() => host.entities.ref(Thing, 0).call('hi'));
    const pid = await eventually(() => host.entities.find(Thing, 0));
    const other = host.entities.hosts(Thing).find(({ node }) => node === pid?.node)!;
    const error = await liar.processes
      .exit(other.pid, { order: 'move', type: 'thing', key: 0, node: 'nowhere' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidArgumentError);
  });

  it.each(['stop', 'move'])(
    'does not %s an entity by a call: that needs the permission to end processes',
    async (order) => {
      const key = await keyOn('host');
      expect(await say(order, { type: 'thing', key, node: 'third', reason: 'r' })).toBeInstanceOf(
        NoHandlerError,
      );
      expect(host.entities.find(Thing, key)?.node).toBe('host');
    },
  );

  it.each([
    ['kill'],
    [null],
    [{ order: 'stop' }],
    [{ order: 'end', type: 'thing', key: 'a' }],
    [{ order: 'stop', type: 'thing', key: 'a', reason: 7 }],
    [{ order: 'move', type: 'thing', key: 'a' }],
  ])('does not end the process of a host, and is refused what is no order: %j', async (reason) => {
    const key = await keyOn('host');
    const order =
      typeof reason === 'object' && reason !== null && 'key' in reason ? { ...reason, key } : reason;
    await expect(liar.processes.exit(hostPid(), order)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await liar.entities.ref(Thing, key).call('hi')).toBe('hi');
  });
});

it('a host does a thousand orders of one node at a time, and those of other nodes meanwhile', async () => {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const lives = new Map([['k', {}]]);
  const orders = hostOrders({
    host: { types: new Map([['thing', { lives }]]), end: () => ended },
    limits: DEFAULT_VALUE_LIMITS,
    pids: new PidInterner(),
  } as never);
  const order = { order: 'stop', type: 'thing', key: 'k', reason: 'r' };
  const first = Array.from({ length: 1000 }, () => orders(order, 'a'));
  await expect(orders(order, 'a')).rejects.toBeInstanceOf(MailboxFullError);
  const other = orders(order, 'b');
  end();
  expect(await Promise.all([...first, other])).toEqual(Array(1001).fill(true));
  expect(await orders(order, 'a')).toBe(true);
});
