import { Injectable, Logger, Module, type Type } from '@nestjs/common';
import { eventually } from '../../../../test/support/eventually';
import type { EntityStart } from '../entities';
import { InvalidArgumentError } from '../term';
import { createTestCluster, type TestCluster, type TestNode } from '../testing';
import { Entity } from './decorators/entity.decorator';
import { HandleCall } from './decorators/handlers.decorator';

let states: unknown[] = [];
let handOver: () => unknown = () => null;

@Entity('mover')
class Mover {
  onProcessStart({ cause, state }: EntityStart): void {
    states.push([cause, state]);
  }
  @HandleCall()
  hi(): string {
    return 'hi';
  }
  onHandOver(): unknown {
    return handOver();
  }
}

@Entity('mover', { stateVersion: 2 })
class NewMover extends Mover {}

class Plain {}

let cluster: TestCluster | undefined;
let warnings: string[] = [];
beforeEach(() => {
  states = [];
  warnings = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
    warnings.push(String(message));
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await cluster?.close();
  cluster = undefined;
});

function moduleOf(...providers: Type[]): Type {
  @Module({ providers })
  // oxlint-disable-next-line typescript/no-extraneous-class
  class Hosts {}
  return Hosts;
}

async function start(second: Type = Mover): Promise<readonly TestNode[]> {
  const modules = ({ node }: { node: string }): Type[] => [moduleOf(node === 'a' ? Mover : second)];
  cluster = await createTestCluster({ nodes: ['a', 'b'], modules });
  for (const node of cluster.nodes) {
    await node.entities.ready();
    await eventually(() => expect(node.entities.hosts('mover')).toHaveLength(2));
  }
  return cluster.nodes;
}

/** Starts an entity on node `a` and moves it to node `b`. @returns What its start there got. */
async function moved(second?: Type): Promise<unknown> {
  const [a] = await start(second);
  for (let key = 0; ; key += 1) {
    await a.entities.ref('mover', key).call('hi');
    if ((await eventually(() => a.entities.find('mover', key)))?.node !== 'a') continue;
    expect(await a.entities.move('mover', key, 'b')).toBe(true);
    expect(await a.entities.ref('mover', key).call('hi')).toBe('hi');
    return states.at(-1);
  }
}

describe('an application with a wrong entity type does not start, and says why', () => {
  const failure = (...providers: Type[]): Promise<string> =>
    createTestCluster({ nodes: 1, modules: [moduleOf(...providers)] }).then(
      async (started) => {
        await started.close();
        return 'it started';
      },
      (error: unknown) => String(error),
    );

  it('two classes of one type name', async () => {
    expect(await failure(Mover, NewMover)).toMatch(
      /The classes Mover and NewMover are both @Entity\('mover'\)/,
    );
  });

  it('a class that another decorator makes a singleton', async () => {
    @Injectable()
    @Entity('shared')
    class Shared {}
    expect(await failure(Shared)).toMatch(/Shared has @Entity and must be transient/);
  });
});

it.each([
  [
    'a class without @Entity',
    (node: TestNode) => node.entities.ref(Plain, 'k'),
    /The class 'Plain' has no @Entity/,
  ],
  ['no key', (node: TestNode) => node.entities.ref(Mover, undefined as never), /by its type and its key/],
  ['a function as key', (node: TestNode) => node.entities.ref(Mover, (() => 1) as never), /function/],
  ['an empty type', (node: TestNode) => node.entities.ref('', 'k'), /by its class or by its name/],
])('a reference is refused at once for %s', async (_what, refer, message) => {
  const [a] = await start();
  expect(() => refer(a)).toThrow(message);
});

it('a class without @Entity cannot be mounted', async () => {
  const [a] = await start();
  expect(() => a.node.mountEntity(Plain)).toThrow(InvalidArgumentError);
});

it.each<[string, () => unknown, RegExp]>([
  [
    'cannot be stored',
    () => () => 1,
    /state of 'mover' \d+ is not handed over, and it moves without it: value/,
  ],
  [
    'is not made, because onHandOver throws',
    () => {
      throw new RangeError('deliberate');
    },
    /state of 'mover' \d+ is not handed over, and it moves without it: deliberate$/,
  ],
  [
    'is larger than a message',
    () => 'x'.repeat(3_000_000),
    /(too large|is not handed over).* it moves without it: .* Nothing was stored\.$/,
  ],
])('an entity whose state %s moves without it, and the log says so', async (_what, made, warning) => {
  handOver = made;
  expect(await moved()).toEqual(['hand-over', undefined]);
  expect(warnings.filter((line) => warning.test(line))).toHaveLength(1);
  expect(warnings.join('\n')).not.toMatch(/\.[.:]/);
  const moves = cluster!.node('a').node.stats().entities.moves;
  expect(moves).toMatchObject({ 'without-state': 1, done: 0, failed: 0 });
});

it('the last node that stops says that nobody took its entities, whatever it has moved before', async () => {
  handOver = () => 'state';
  await moved();
  await cluster!.stop('b');
  await cluster!.stop('a');
  expect(warnings).toContainEqual(
    expect.stringMatching(/^(\d+) of \1 entities ended here: no node took them/),
  );
  expect(warnings.join('\n')).not.toMatch(/within \d+ ms/);
});

it('an entity starts without its state on a node with another stateVersion, which logs both versions', async () => {
  handOver = () => 'state';
  expect(await moved(NewMover)).toEqual(['hand-over', undefined]);
  expect(warnings).toContainEqual(
    expect.stringMatching(
      /'mover' \d+ starts without its state, which is of version 1; this node has version 2/,
    ),
  );
});
