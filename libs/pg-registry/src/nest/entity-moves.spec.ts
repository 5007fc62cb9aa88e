import { Logger, Module } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import { OutgoingCalls } from '../calls/outgoing-calls';
import type { EntityStart } from '../entities';
import { EntityLeases } from '../entities/entity-leases';
import { CallTimeoutError, NotRegisteredError } from '../term';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

let starts: string[] = [];

class Counting {
  #total = 0;

  onProcessStart({ key, cause, state }: EntityStart<string, number>): void {
    starts.push(`${key} ${cause}`);
    this.#total = state ?? 0;
  }
  @HandleCall()
  add(n: number): number {
    return (this.#total += n);
  }
  onHandOver(): number {
    return this.#total;
  }
}

@Entity('viewed')
class Viewed extends Counting {}

@Entity('leased', { guard: 'lease' })
class Leased extends Counting {}

@Entity('nearby', { guard: 'lease', placement: 'local' })
class Nearby extends Counting {}

@Entity('rare')
class Rare extends Counting {}

@Module({ providers: [Viewed, Leased, Nearby] })
// oxlint-disable-next-line typescript/no-extraneous-class
class Hosts {}

@Module({ providers: [Rare] })
// oxlint-disable-next-line typescript/no-extraneous-class
class RareHosts {}

let cluster: TestCluster;
let [a, b]: TestNode[] = [];
beforeEach(async () => {
  starts = [];
  const modules = ({ node }: { node: string }) => (node === 'rare' ? [RareHosts] : [Hosts]);
  cluster = await createTestCluster({ nodes: ['a', 'b', 'rare'], modules });
  [a, b] = cluster.nodes;
  for (const node of cluster.nodes) {
    await node.entities.ready();
    await eventually(
      () => node.entities.hosts('leased').length === 2 && node.entities.hosts('rare').length === 1,
    );
  }
});
afterEach(async () => {
  jest.restoreAllMocks();
  await cluster.close();
});

/** Has the other node do what it is asked for, and loses its answer, once. */
function loseAnswerTo(step: string): () => boolean {
  // oxlint-disable-next-line typescript/unbound-method
  const call = OutgoingCalls.prototype.call;
  let isLost = false;
  jest.spyOn(OutgoingCalls.prototype, 'call').mockImplementation(async function (
    this: OutgoingCalls,
    ...args
  ) {
    const answer = await call.apply(this, args);
    if (args[1] !== step || isLost) return answer;
    isLost = true;
    throw new CallTimeoutError(`The answer to ${step} was lost.`);
  });
  return () => isLost;
}

/** Lets all that one host asks of another one wait. @returns What ends that */
function holdBack(step: string): () => void {
  return hold([step], 'question').letGo;
}

/** Lets the questions of these steps wait, or their answers. @returns How many wait, and what ends that for each step or for all */
function hold(steps: readonly string[], what: 'question' | 'answer') {
  // oxlint-disable-next-line typescript/unbound-method
  const call = OutgoingCalls.prototype.call;
  const letGoOf = new Map<string, () => void>();
  const held = new Map(
    steps.map((step) => [step, new Promise<void>((resolve) => letGoOf.set(step, resolve))]),
  );
  const counts = { waiting: 0 };
  const wait = async (step: string): Promise<void> => {
    counts.waiting += 1;
    await held.get(step);
    counts.waiting -= 1;
  };
  jest.spyOn(OutgoingCalls.prototype, 'call').mockImplementation(async function (
    this: OutgoingCalls,
    ...args
  ) {
    const [, step] = args;
    const isHeld = held.has(step);
    if (isHeld && what === 'question') await wait(step);
    const answer = await call.apply(this, args);
    if (isHeld && what === 'answer') await wait(step);
    return answer;
  });
  const letGo = (step?: string): void => {
    for (const [each, go] of letGoOf) if (step === undefined || each === step) go();
  };
  return { counts, letGo };
}

const STEPS = ['prepare', 'receive', 'settle'].flatMap((step) =>
  [Viewed, Leased].map((type) => ({ step, type })),
);

it.each(STEPS)(
  'a move whose answer to $step is lost moves the state of $type.name once, or not at all',
  async ({ step, type }) => {
    const entity = a.entities.ref(type, 'k');
    expect(await entity.call('add', 7)).toBe(7);
    const from = await eventually(() => a.entities.find(type, 'k')?.node);
    const to = from === 'a' ? 'b' : 'a';
    await eventually(() => b.entities.find(type, 'k') !== undefined);
    const isLost = loseAnswerTo(step);
    const moved = await a.entities.move(type, 'k', to);
    expect(isLost()).toBe(true);
    // Without the answer to `prepare` it stays where it is.
    expect(moved).toBe(step !== 'prepare');
    for (const node of [a, b]) {
      await eventually(() => node.entities.find(type, 'k')?.node === (moved ? to : from));
      expect(await node.entities.ref(type, 'k').call('add', 0)).toBe(7);
    }
    expect(starts).toEqual(moved ? ['k call', 'k hand-over'] : ['k call']);
    await eventually(
      () => a.registry('pg.entities').lookup([a.entities.ref(type, 'k').type, 'k']).length === 1,
    );
  },
);

it('an entity that a lost answer kept from moving can be moved later, and calls wait for nothing until then', async () => {
  expect(await a.entities.ref(Viewed, 'k').call('add', 7)).toBe(7);
  const from = await eventually(() => a.entities.find(Viewed, 'k')?.node);
  const [here, there] = from === 'a' ? [a, b] : [b, a];
  loseAnswerTo('prepare');
  expect(await here.entities.move(Viewed, 'k', there.name)).toBe(false);
  expect(await there.entities.ref(Viewed, 'k').call('add', 1, { timeoutMs: 1000 })).toBe(8);
  jest.restoreAllMocks();
  expect(await here.entities.move(Viewed, 'k', there.name)).toBe(true);
  expect(await here.entities.ref(Viewed, 'k').call('add', 1)).toBe(9);
});

it.each([Viewed, Leased])(
  'an entity that ends right after its move starts anew, while its old node waits for all nodes to know where it went: %p',
  async (type) => {
    expect(await a.entities.ref(type, 'k').call('add', 7)).toBe(7);
    const from = await eventually(() => a.entities.find(type, 'k')?.node);
    const [here, there] = from === 'a' ? [a, b] : [b, a];
    await eventually(() => there.entities.find(type, 'k') !== undefined);
    const letGo = holdBack('settle');
    const moved = here.entities.move(type, 'k', there.name);
    await eventually(() => starts.length === 2);
    await eventually(() => there.entities.find(type, 'k')?.node === there.name);
    expect(await there.entities.stop(type, 'k')).toBe(true);
    for (const node of [there, here])
      expect(await node.entities.ref(type, 'k').call('add', 1, { timeoutMs: 3000 })).toBe(
        node === there ? 1 : 2,
      );
    expect(starts).toEqual(['k call', 'k hand-over', 'k call']);
    letGo();
    expect(await moved).toBe(true);
  },
);

it('a node that leaves hands over all of its entities before every node knows where the first ones went', async () => {
  const keys = Array.from({ length: 300 }, (_, key) => key);
  for (const node of [a, b])
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(keys.map((key) => node.entities.ref(Viewed, key).call('add', 1)));
  const own = a.entities.list(Viewed).filter(({ pid }) => pid.node === 'a').length;
  expect(own).toBeGreaterThan(100);
  const letGo = holdBack('settle');
  const left = cluster.stop('a');
  await eventually(() => expect(starts.filter((start) => start.endsWith('hand-over'))).toHaveLength(own));
  letGo();
  await left;
  expect(b.entities.list(Viewed).map(({ pid }) => pid.node)).toEqual(keys.map(() => 'b'));
  expect(await Promise.all(keys.map((key) => b.entities.ref(Viewed, key).call('add', 0)))).toEqual(
    keys.map(() => 2),
  );
});

it('the log says how many entities a node did not hand over, whatever it has moved before', async () => {
  const warnings: string[] = [];
  const keys = Array.from({ length: 20 }, (_, key) => `k${key}`);
  await Promise.all(keys.map((key) => a.entities.ref(Viewed, key).call('add', 1)));
  await eventually(() => expect(b.entities.list(Viewed)).toHaveLength(keys.length));
  for (const key of keys)
    // oxlint-disable-next-line no-await-in-loop
    if (a.entities.find(Viewed, key)?.node === 'a') await a.entities.move(Viewed, key, 'b');
  expect(a.node.stats().entities.living['viewed']).toBe(0);
  expect(await a.entities.move(Viewed, 'k0', 'a')).toBe(true);
  jest
    .spyOn(Logger.prototype, 'warn')
    .mockImplementation((line: unknown) => void warnings.push(String(line)));
  // Nobody takes what `b` has.
  // oxlint-disable-next-line typescript/unbound-method
  const call = OutgoingCalls.prototype.call;
  jest.spyOn(OutgoingCalls.prototype, 'call').mockImplementation(function (this: OutgoingCalls, ...args) {
    return args[1] === 'prepare' ? Promise.reject(new RangeError('deliberate')) : call.apply(this, args);
  });
  await cluster.stop('a');
  expect(warnings).toContainEqual(expect.stringMatching(/^1 of 1 entities ended here: no node took them/));
});

it.each(['question', 'answer'] as const)(
  'the log does not count an entity that ends by itself while its node leaves: before the %s to the next node',
  async (what) => {
    const keys = Array.from({ length: 20 }, (_, key) => `k${key}`);
    await Promise.all(keys.map((key) => b.entities.ref(Viewed, key).call('add', 1)));
    await eventually(() => expect(a.entities.list(Viewed)).toHaveLength(keys.length));
    const warnings: string[] = [];
    jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation((line: unknown) => void warnings.push(String(line)));
    const own = a.entities.list(Viewed).filter(({ pid }) => pid.node === 'a');
    const { counts, letGo } = hold(['prepare'], what);
    const stopped = cluster.stop('a');
    await eventually(() => expect(counts.waiting).toBe(own.length));
    await b.processes.exit(own[0].pid);
    letGo();
    await stopped;
    expect(starts.filter((start) => start.endsWith('hand-over'))).toHaveLength(own.length - 1);
    expect(warnings).toEqual([]);
  },
);

it.each([
  { step: 'settle', lines: [] },
  {
    step: 'receive',
    lines: [expect.stringMatching(/^(\d+) of \1 entities were not handed over within 300 ms/)],
  },
])(
  'the log counts what another node does not have when the time is over: $step takes too long',
  async ({ step, lines }) => {
    const keys = Array.from({ length: 20 }, (_, key) => `k${key}`);
    await Promise.all(keys.map((key) => a.entities.ref(Viewed, key).call('add', 1)));
    const warnings: string[] = [];
    jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation((line: unknown) => void warnings.push(String(line)));
    const letGo = holdBack(step);
    await a.node.drain({ timeoutMs: 300 });
    expect(warnings.filter((line) => line.includes('entities'))).toEqual(lines);
    letGo();
  },
);

it.each([Viewed, Leased])(
  'an entity that ends by itself when the next node expects it starts anew there, while its node still leaves: %p',
  async (type) => {
    const keys = Array.from({ length: 20 }, (_, key) => `k${key}`);
    await Promise.all(keys.map((key) => b.entities.ref(type, key).call('add', 1)));
    await eventually(() => expect(a.entities.list(type)).toHaveLength(keys.length));
    const own = a.entities.list(type).filter(({ pid }) => pid.node === 'a');
    const key = keys.find((each) => a.entities.find(type, each) === own[0].pid)!;
    const { counts, letGo } = hold(['prepare', 'settle'], 'answer');
    const stopped = cluster.stop('a');
    await eventually(() => expect(counts.waiting).toBe(own.length));
    await b.processes.exit(own[0].pid);
    letGo('prepare');
    expect(await b.entities.ref(type, key).call('add', 1, { timeoutMs: 3000 })).toBe(1);
    letGo();
    await stopped;
  },
);

it('an entity moves with its state to a node that is about to start it for a call of its own, and that call is answered', async () => {
  // oxlint-disable-next-line typescript/unbound-method
  const take = EntityLeases.prototype.take;
  let letGo!: () => void;
  let held: Promise<void> | undefined = new Promise((resolve) => (letGo = resolve));
  jest.spyOn(EntityLeases.prototype, 'take').mockImplementation(async function (this: EntityLeases, ...args) {
    const waitFor = held;
    held = undefined;
    await waitFor;
    return await take.apply(this, args);
  });
  const late = b.entities.ref(Nearby, 'k').call('add', 1);
  await eventually(() => held === undefined);
  expect(await a.entities.ref(Nearby, 'k').call('add', 7)).toBe(7);
  expect(await a.entities.move(Nearby, 'k', 'b')).toBe(true);
  expect(await late).toBe(8);
  letGo();
  expect(starts).toEqual(['k call', 'k hand-over']);
  expect(await a.entities.ref(Nearby, 'k').call('add', 0)).toBe(8);
});

it('when the only node that offers a class leaves, its entities end, and calls say that nobody offers it', async () => {
  expect(await a.entities.ref('rare', 'k').call('add', 7)).toBe(7);
  await cluster.stop('rare');
  await eventually(() => a.entities.hosts('rare').length === 0);
  const error: unknown = await a.entities
    .ref('rare', 'k')
    .call('add', 1)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NotRegisteredError);
  expect(String(error)).toMatch(/Nodes that offer 'rare': none/);
  const back = await cluster.start('rare');
  await back.entities.ready();
  await eventually(() => a.entities.hosts('rare').length === 1);
  expect(await a.entities.ref('rare', 'k').call('add', 1)).toBe(1);
});
