import { Injectable, Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import { type CallContext } from '../calls';
import { entity, EntityService, type EntityStart } from '../entities';
import { EntityUnavailableError, NotRegisteredError, ReentrantCallError, RemoteError } from '../term';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall, HandleCast } from './decorators/handlers.decorator';

/** What happened in all nodes, in order. */
let log: string[] = [];
let failing = new Set<string>();
let saving: Promise<void> | undefined;

@Injectable()
class Names {
  static count = 0;
  readonly number = (Names.count += 1);
}

@Entity('counter', { idleMs: 60_000 })
class Counter {
  #total = 0;
  #key = '';
  constructor(readonly names: Names) {}

  async onProcessStart({ key, state, cause }: EntityStart<string, number>): Promise<void> {
    await Promise.resolve();
    if (failing.has(key)) throw new RangeError('deliberate');
    this.#key = key;
    this.#total = state ?? 0;
    log.push(`start ${key} ${cause}`);
  }
  @HandleCall()
  add(n: number): number {
    return (this.#total += n);
  }
  @HandleCast()
  addLater(n: number): void {
    this.#total += n;
  }
  @HandleCall()
  where(_: null, context: CallContext): string {
    return `${String(this.names.number > 0)} ${context.caller.node}`;
  }
  onHandOver(): number {
    return this.#total;
  }
  onMerge(other: number): void {
    log.push(`merge ${this.#key}`);
    this.#total += other;
  }
  async onProcessExit(reason: string): Promise<void> {
    log.push(`exit ${this.#key} ${reason}`);
    await saving;
    log.push(`saved ${this.#key}`);
  }
}

@Entity('circle')
class Circle {
  constructor(readonly entities: EntityService) {}

  @HandleCall()
  async ask(path: string[]): Promise<string> {
    const [next, ...rest] = path;
    return next === undefined ? 'done' : this.entities.ref(Circle, next).call<string>('ask', rest);
  }
}

@Entity('circle-in', { reentrant: true })
class OpenCircle {
  constructor(readonly entities: EntityService) {}

  @HandleCall()
  async ask(): Promise<string> {
    return this.entities.ref(OpenCircle, 'a').call<string>('answer');
  }
  @HandleCall()
  answer(): string {
    return 'let in';
  }
}

@Entity('small', { maxPerNode: 2 })
class Small {
  @HandleCall()
  hi(): string {
    return 'hi';
  }
}

@Entity('eager', { restart: 'eager' })
class Eager {
  onProcessStart({ cause }: EntityStart): void {
    log.push(`eager ${cause}`);
  }
  @HandleCall()
  hi(): string {
    return 'hi';
  }
}

@Module({ providers: [Names, Counter, Circle, OpenCircle, Small, Eager] })
class Hosts {}

let clusters: TestCluster;
async function start(nodes = 3): Promise<readonly TestNode[]> {
  clusters = await createTestCluster({ nodes, modules: [Hosts] });
  for (const node of clusters.nodes) {
    await node.entities.ready();
    await eventually(() => expect(node.entities.hosts(Counter)).toHaveLength(nodes));
  }
  return clusters.nodes;
}

beforeEach(() => {
  log = [];
  failing = new Set();
  saving = undefined;
});
afterEach(() => clusters.close());

/** A key whose entity belongs to a node. */
async function keyAt(caller: TestNode, node: string, prefix = 'k'): Promise<string> {
  for (let i = 0; ; i += 1) {
    const key = `${prefix}${i}`;
    await caller.entities.ref(Counter, key).call('add', 0);
    if (caller.entities.find(Counter, key)?.node === node) return key;
    const pid = await eventually(() => caller.entities.find(Counter, key));
    if (pid?.node === node) return key;
  }
}

describe('entities', () => {
  it('an entity is started by the first call, and found from every node after that', async () => {
    const [a, b, c] = await start();
    expect(await a.entities.ref(Counter, 'x').call('add', 1)).toBe(1);
    expect(await b.entities.ref('counter', 'x').call('add', 2)).toBe(3);
    expect(await c.processes.call(entity('counter', 'x'), 'add', 3)).toBe(6);
    expect(await c.entities.ref(Counter, 'x').proxy().add(4)).toBe(10);
    expect(log).toEqual(['start x call']);
    const pid = await eventually(() => a.entities.find(Counter, 'x'));
    expect(String(b.entities.find(Counter, 'x'))).toBe(String(pid));
    expect(a.entities.list(Counter).map(({ key }) => key)).toEqual([['counter', 'x']]);
  });

  it('500 concurrent first calls from three nodes make one entity', async () => {
    const nodes = await start();
    const calls = Array.from({ length: 500 }, (_, i) =>
      nodes[i % 3].entities.ref(Counter, 'hot').call('add', 1),
    );
    const totals = await Promise.all(calls);
    expect(new Set(totals).size).toBe(500);
    expect(log).toEqual(['start hot call']);
  });

  it('a failed start rejects every waiting caller with the cause, leaves nothing, and pauses the key', async () => {
    const nodes = await start();
    failing.add('bad');
    const errors = await Promise.all(
      nodes.map((node) =>
        node.entities
          .ref(Counter, 'bad')
          .call('add', 1)
          .catch((error: unknown) => error),
      ),
    );
    expect(errors.some((error) => error instanceof RemoteError && error.remote.name === 'RangeError')).toBe(
      true,
    );
    for (const error of errors)
      expect([RemoteError, EntityUnavailableError]).toContain((error as Error).constructor);
    expect(nodes.map(({ entities }) => entities.find(Counter, 'bad'))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    failing.clear();
    await eventually(async () => expect(await nodes[0].entities.ref(Counter, 'bad').call('add', 1)).toBe(1));
  });

  it('casts start an entity, too, and come before later calls', async () => {
    const [a] = await start();
    a.entities.ref(Counter, 'c').cast('addLater', 5);
    expect(await a.entities.ref(Counter, 'c').call('add', 1)).toBe(6);
  });

  it('an entity that nobody calls ends, and calls that cross its end begin its next life after it has saved', async () => {
    const [a] = await start();
    await a.entities.ref(Counter, 'idle').call('add', 1);
    let saved!: () => void;
    saving = new Promise((resolve) => (saved = resolve));
    clusters.passIdleTime(60_000);
    await eventually(() => expect(log).toContain('exit idle idle'));
    const crossing = a.entities.ref(Counter, 'idle').call('add', 2);
    await a.registry('pg.entities').replicated();
    expect(log).toEqual(['start idle call', 'exit idle idle']);
    saved();
    expect(await crossing).toBe(2);
    expect(log).toEqual(['start idle call', 'exit idle idle', 'saved idle', 'start idle call']);
  });

  it('the entities of a node that leaves move with their state, and no call fails', async () => {
    const [a, b, c] = await start();
    const keys = Array.from({ length: 60 }, (_, i) => `m${i}`);
    const totals = new Map<string, number>();
    const callers = [a, c];
    const add = async (key: string, caller: TestNode): Promise<void> => {
      totals.set(key, (totals.get(key) ?? 0) + 1);
      await caller.entities.ref(Counter, key).call('add', 1);
    };
    await Promise.all(keys.map((key) => add(key, a)));
    const load = { isOn: true };
    const loads = callers.map(async (caller) => {
      while (load.isOn) for (const key of keys.filter((_, i) => i % 7 === 0)) await add(key, caller);
    });
    await clusters.stop(b);
    load.isOn = false;
    await Promise.all(loads);
    for (const key of keys) {
      expect(await a.entities.ref(Counter, key).call('add', 0)).toBe(totals.get(key));
    }
    expect(log.filter((line) => line.endsWith('hand-over')).length).toBeGreaterThan(0);
    expect(log.filter((line) => line.startsWith('start') && line.endsWith('call'))).toHaveLength(keys.length);
  });

  it('an operator moves an entity, it stays there, and casts and calls follow it', async () => {
    const [a, b, c] = await start();
    const key = await keyAt(a, 'node1');
    await a.entities.ref(Counter, key).call('add', 7);
    await eventually(() => expect(b.entities.find(Counter, key)?.node).toBe('node1'));
    expect(await b.entities.move(Counter, key, 'node3')).toBe(true);
    for (const node of [a, b, c]) {
      await eventually(() => expect(node.entities.find(Counter, key)?.node).toBe('node3'));
      expect(await node.entities.ref(Counter, key).call('add', 0)).toBe(7);
    }
    expect(await a.entities.rebalance(Counter)).toBe(1);
    await eventually(() => expect(a.entities.find(Counter, key)?.node).toBe('node1'));
    await expect(a.entities.move(Counter, key, 'nowhere')).rejects.toThrow(/does not offer/);
  });

  it('an entity of a crashed node starts elsewhere when it is called, an eager one at once', async () => {
    const [a, b, c] = await start();
    const key = await keyAt(a, 'node2');
    const eager = await (async () => {
      for (let i = 0; ; i += 1) {
        await a.entities.ref(Eager, `e${i}`).call('hi');
        const pid = await eventually(() => a.entities.find(Eager, `e${i}`));
        if (pid?.node === 'node2') return `e${i}`;
      }
    })();
    clusters.crash(b);
    await eventually(() => expect(a.entities.find(Eager, eager)?.node).toMatch(/node[13]/));
    expect(log).toContain('eager restart');
    await eventually(() => expect(c.entities.find(Counter, key)).toBeUndefined());
    expect(await c.entities.ref(Counter, key).call('add', 1)).toBe(1);
  });

  it('after a split one of two entities stays and gets the state of the other', async () => {
    const [a, b] = await start(2);
    clusters.cut(a, b);
    await eventually(() => expect([a.node.peers().length, b.node.peers().length]).toEqual([0, 0]), {
      timeoutMs: 15_000,
    });
    expect(await a.entities.ref(Counter, 's').call('add', 1)).toBe(1);
    expect(await b.entities.ref(Counter, 's').call('add', 10)).toBe(10);
    clusters.heal();
    await eventually(() => expect(log).toContain('merge s'), { timeoutMs: 15_000 });
    await eventually(async () => expect(await a.entities.ref(Counter, 's').call('add', 0)).toBe(11));
    expect(await b.entities.ref(Counter, 's').call('add', 0)).toBe(11);
    expect(log.filter((line) => line === 'merge s')).toHaveLength(1);
    expect(log.filter((line) => line === 'exit s duplicate')).toHaveLength(1);
    await eventually(() => expect(a.registry('pg.entities').lookup(['counter', 's'])).toHaveLength(1));
  });

  it('a full node passes calls on to the next one, and when all are full the call fails with a clear error', async () => {
    const [a, b] = await start(2);
    const calls = await Promise.all(['1', '2', '3', '4'].map((key) => a.entities.ref(Small, key).call('hi')));
    expect(calls).toEqual(['hi', 'hi', 'hi', 'hi']);
    await eventually(() => expect(b.entities.hosts(Small).map(({ full }) => full)).toEqual([true, true]));
    const error: unknown = await b.entities
      .ref(Small, '5')
      .call('hi')
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(
      /No node can start the entity 'small' '5'.*Nodes that offer 'small': 'node\d' \(full\), 'node\d' \(full\)/,
    );
    expect(await a.entities.stop(Small, '1')).toBe(true);
    await eventually(async () => expect(await a.entities.ref(Small, '5').call('hi')).toBe('hi'));
  });

  it('an entity that is called back by what it waits for refuses at once, unless its class lets such calls in', async () => {
    const [a] = await start(2);
    await expect(a.entities.ref(Circle, 'a').call('ask', ['b', 'a'])).rejects.toBeInstanceOf(
      ReentrantCallError,
    );
    expect(await a.entities.ref(OpenCircle, 'a').call('ask')).toBe('let in');
  });

  it('a type that nobody offers fails with an error that says so', async () => {
    const [a] = await start(1);
    const error: unknown = await a.processes
      .call(entity('unknown', 1), 'x')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotRegisteredError);
    expect(String(error)).toMatch(/'unknown' 1.*Nodes that offer 'unknown': none/);
  });
});
