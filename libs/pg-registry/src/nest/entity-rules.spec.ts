import { Injectable, Logger, Module, Scope } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import type { CallContext } from '../calls';
import { EntityService, type EntityStart } from '../entities';
import { ProcessService } from '../process';
import { CallTimeoutError, type Pid, RemoteError } from '../term';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

/** What happened in all nodes, in order. */
let log: string[] = [];

@Entity('calm')
class Calm {
  readonly type: string = 'calm';
  #key = '';

  constructor(
    readonly processes: ProcessService,
    readonly entities: EntityService,
  ) {}

  onProcessStart({ key, state }: EntityStart<string, string>): void {
    this.#key = key;
    log.push(`start ${this.type} ${key} ${state ?? 'afresh'}`);
  }
  @HandleCall()
  hi(): string {
    return 'hi';
  }
  @HandleCall()
  fail(): never {
    throw new RangeError('deliberate');
  }
  /** Starts a child that ends with this entity. @returns Its process */
  @HandleCall()
  async child(): Promise<Pid> {
    return (await this.processes.start(Child, { owner: this.processes.self() })).pid;
  }
  /** Asks another entity of the type, as soon as that is told to do the same. */
  @HandleCall()
  async ask(other: string, { signal }: CallContext): Promise<string> {
    log.push(`${this.#key} asks`);
    await eventually(() => signal.aborted || log.filter((line) => line.endsWith('asks')).length === 2);
    return await this.entities.ref(Calm, other).call<string>('hi', undefined, { timeoutMs: 300 });
  }
  onHandOver(): string {
    return 'state';
  }
  onProcessExit(reason: string): void {
    log.push(`exit ${this.type} ${this.#key} ${reason}`);
  }
}

@Entity('delicate', { onError: 'exit' })
class Delicate extends Calm {
  override readonly type = 'delicate';
}

@Injectable({ scope: Scope.TRANSIENT })
class Child {
  onProcessExit(): void {
    log.push('exit child');
  }
}

@Module({ providers: [Calm, Delicate, Child] })
class Hosts {}

describe('An entity', () => {
  let cluster: TestCluster;
  let [a, b]: TestNode[] = [];

  beforeEach(async () => {
    log = [];
    cluster = await createTestCluster({ nodes: ['a', 'b'], modules: [Hosts] });
    [a, b] = ['a', 'b'].map((name) => cluster.node(name));
    for (const node of [a, b]) {
      await node.entities.ready();
      await eventually(() => node.entities.hosts(Delicate).length === 2);
    }
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await cluster.close();
  });

  /** A key whose entity lives on a node. */
  async function keyOn(node: string): Promise<string> {
    for (let i = 0; ; i += 1) {
      if ((await a.entities.getOrStart(Calm, `k${i}`)).node === node) return `k${i}`;
    }
  }

  it('is started without a call, and its process is the one that calls get to', async () => {
    const pid = await a.entities.getOrStart(Calm, 'x');
    expect(log).toEqual(['start calm x afresh']);
    expect(String(await b.entities.getOrStart('calm', 'x', { timeoutMs: 5000 }))).toBe(String(pid));
    expect(await b.processes.call(pid, 'hi')).toBe('hi');
    await eventually(() => String(b.entities.find(Calm, 'x')) === String(pid));
    expect(log).toHaveLength(1);
  });

  it("ends with 'error' after an error of its handler if its class says so, and otherwise stays", async () => {
    for (const type of [Calm, Delicate]) {
      const failure: unknown = await a.entities
        .ref(type, 'x')
        .call('fail')
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RemoteError);
    }
    await eventually(() => log.includes('exit delicate x error'));
    expect(await a.entities.ref(Delicate, 'x').call('hi')).toBe('hi');
    expect(await a.entities.ref(Calm, 'x').call('hi')).toBe('hi');
    expect(log.filter((line) => line.startsWith('start'))).toEqual([
      'start calm x afresh',
      'start delicate x afresh',
      'start delicate x afresh',
    ]);
  });

  it('can be watched: each process that it has, and undefined while it does not live', async () => {
    const seen: (string | undefined)[] = [];
    const ref = b.entities.ref(Calm, 'x');
    const subscription = ref.monitor$.subscribe((pid) => seen.push(pid?.node));
    const { node } = await a.entities.getOrStart(Calm, 'x');
    await eventually(() => seen.includes(node));
    await a.entities.stop(Calm, 'x');
    await eventually(() => seen.length > 2 && seen.at(-1) === undefined);
    subscription.unsubscribe();
    expect(seen[0]).toBeUndefined();
  });

  it('takes its children with it when it moves: they end, and are not moved', async () => {
    const key = await keyOn('a');
    const child = await b.entities.ref(Calm, key).call<Pid>('child');
    expect(child.node).toBe('a');
    expect(await b.entities.move(Calm, key, 'b')).toBe(true);
    await eventually(() => log.includes('exit child'));
    expect(log.filter((line) => line.includes(` ${key} `))).toEqual([
      `start calm ${key} afresh`,
      `exit calm ${key} moved`,
      `start calm ${key} state`,
    ]);
    await expect(b.processes.call(child, 'hi')).rejects.toMatchObject({ code: 'PROCESS_EXITED' });
  });

  it('that waits for another one which waits for it, for two callers, ends its call by its time limit', async () => {
    const [one, two] = [await keyOn('a'), await keyOn('b')];
    const calls = [a.entities.ref(Calm, one).call('ask', two), b.entities.ref(Calm, two).call('ask', one)];
    const outcomes = await Promise.allSettled(calls);
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const outcome of failed)
      expect(String((outcome as PromiseRejectedResult).reason)).toContain(CallTimeoutError.name);
    expect(await a.entities.ref(Calm, one).call('hi')).toBe('hi');
  });

  it('keeps its place while its node stalls and calls wait for it; new ones start on another node', async () => {
    const key = await keyOn('b');
    await eventually(() => a.entities.find(Calm, key)?.node === 'b');
    cluster.pause(b);
    await eventually(() => a.node.peers().some(({ suspect }) => suspect !== false), { timeoutMs: 15_000 });
    const waiting = a.entities.ref(Calm, key).call('hi', undefined, { timeoutMs: 15_000 });
    const others = Array.from({ length: 8 }, (_, i) => a.entities.getOrStart(Calm, `new ${i}`));
    expect(new Set((await Promise.all(others)).map(({ node }) => node))).toEqual(new Set(['a']));
    expect(a.entities.find(Calm, key)?.node).toBe('b');
    cluster.resume(b);
    expect(await waiting).toBe('hi');
    expect(log.filter((line) => line.includes(` ${key} `))).toEqual([`start calm ${key} afresh`]);
  });

  it('without onMerge has the state of another one dropped after a split, counted and logged', async () => {
    const warnings: string[] = [];
    jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation((line: unknown) => void warnings.push(String(line)));
    cluster.cut(a, b);
    await eventually(() => a.node.peers().length + b.node.peers().length === 0, { timeoutMs: 15_000 });
    for (const node of [a, b]) await node.entities.ref(Calm, 's').call('hi');
    cluster.heal();
    await eventually(() => log.includes('exit calm s duplicate'), { timeoutMs: 15_000 });
    await eventually(
      () => [a, b].reduce((sum, { node }) => sum + node.stats().entities.merges.dropped, 0) === 1,
    );
    expect(warnings.filter((line) => /'calm' 's' has no onMerge/.test(line))).toHaveLength(1);
    await eventually(() => a.registry('pg.entities').lookup(['calm', 's']).length === 1);
  });
});
