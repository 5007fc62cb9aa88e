import * as fc from 'fast-check';
import { NO_FAULTS, TestMesh } from './test-mesh.fixture';
import type { TestNode } from './test-node.fixture';

/** One step of a history: something a user, the network or the membership does. */
type Step =
  | {
      readonly do: 'join';
      readonly node: number;
      readonly key: number;
      readonly ids: readonly number[];
      readonly size: number;
    }
  | { readonly do: 'leave' | 'update'; readonly node: number; readonly key: number; readonly id: number }
  | { readonly do: 'exit'; readonly node: number; readonly id: number }
  | { readonly do: 'churn' | 'trickle'; readonly node: number; readonly times: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'announce' }
  | { readonly do: 'disconnect' | 'connect' | 'restart'; readonly node: number }
  | { readonly do: 'bury'; readonly node: number; readonly peer: number }
  | { readonly do: 'faults'; readonly loss: number; readonly duplication: number; readonly delayMs: number };

const node = fc.nat({ max: 2 });
const key = fc.nat({ max: 4 });
const id = fc.integer({ min: 1, max: 3 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      node,
      key,
      ids: fc.array(id, { minLength: 1, maxLength: 3 }),
      size: fc.constantFrom(1, 1, 1, 40, 900),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'update' as const), node, key, id }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('exit' as const), node, id }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('churn' as const, 'trickle' as const),
      node,
      times: fc.integer({ min: 5, max: 120 }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(0, 1, 3, 10, 40, 200, 2000),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'announce' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('disconnect' as const, 'connect' as const, 'connect' as const, 'restart' as const),
      node,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bury' as const), node, peer: node }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('faults' as const),
      loss: fc.constantFrom(0, 0.05, 0.4),
      duplication: fc.constantFrom(0, 0.3),
      delayMs: fc.constantFrom(0, 2, 40),
    }),
  },
);

/** Small enough that every bound is met in a short history. */
const TIGHT = {
  ringBytes: 3000,
  parkingBytes: 4000,
  maxUnsentOps: 20,
  maxOpBytes: 2000,
  maxUnflushedBytes: 1500,
  maxBodyBytes: 400,
};
const ROOMY = { maxBodyBytes: 4000 };

function perform(mesh: TestMesh, step: Step): void {
  const at = (index: number): TestNode => mesh.nodes[index];
  switch (step.do) {
    case 'join':
      return at(step.node).join(`k${step.key}`, 'x'.repeat(step.size), ...step.ids);
    case 'leave':
      return at(step.node).leave(`k${step.key}`, step.id);
    case 'update':
      return at(step.node).update(`k${step.key}`, mesh.now, step.id);
    case 'exit':
      return at(step.node).exit(step.id);
    case 'churn':
      for (let i = 0; i < step.times; i += 1) {
        at(step.node).join(`c${i % 7}`, i, 9);
        if (i % 3 === 0) at(step.node).leave(`c${i % 7}`, 9);
        if (i % 5 === 0) at(step.node).update(`c${i % 7}`, -i, 9);
      }
      return;
    case 'trickle':
      for (let i = 0; i < step.times; i += 1) {
        at(step.node).join('t', i, 8);
        if (i % 2 === 0) at(step.node).leave('t', 8);
        mesh.advance(2);
      }
      return;
    case 'advance':
      return mesh.advance(step.ms);
    case 'announce':
      return mesh.announceAll();
    case 'disconnect':
      return at(step.node).disconnect();
    case 'connect':
      return at(step.node).connect();
    case 'restart':
      at(step.node).replicator.stop();
      return at(step.node).start();
    case 'bury': {
      const { incarnation } = at(step.peer);
      if (step.node === step.peer) return;
      return at(step.node).perform(at(step.node).replicator.peerDown(incarnation, 'node-down', mesh.now));
    }
    case 'faults':
      mesh.faults = step;
      return;
  }
}

/** Ends all faults and lets hellos go round, as they always do, until everything has come to rest. */
function settle(mesh: TestMesh): void {
  mesh.faults = NO_FAULTS;
  for (const each of mesh.nodes) each.connect();
  for (let round = 0; round < 5; round += 1) {
    mesh.announceAll();
    mesh.advance(5000);
  }
}

/** Runs a history, lets it settle, and looks whether anything was lost, wrong or kept. */
function run(options: object, seed: number, steps: readonly Step[]): void {
  const mesh = new TestMesh(['a', 'b', 'c'], { seed, ...options });
  mesh.announceAll();
  mesh.advance(50);
  for (const each of steps) perform(mesh, each);
  settle(mesh);
  expect(mesh.difference()).toBeUndefined();
  // Whatever else is warned of would have healed a bug, and hidden it.
  expect(mesh.nodes.flatMap(({ warnings }) => warnings).filter((warning) => warning !== 'collapsed')).toEqual(
    [],
  );
  for (const { budget, replicator } of mesh.nodes) {
    expect(budget.ring.size).toBeLessThanOrEqual(budget.options.ringBytes);
    expect(budget.parking.size).toBe(0);
    expect(budget.unsentOperations).toBe(0);
    expect(replicator.synced).toBe(true);
  }
}

describe('three Replicators on a link that loses, doubles and reorders', () => {
  const history = fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' });

  it.each([
    ['in tight memory', TIGHT, 60],
    ['with room for repairs', ROOMY, 40],
  ])(
    'hold the same after quiet, and their events folded are their tables at every step, %s',
    (_, options, numRuns) => {
      expect(() =>
        fc.assert(
          fc.property(fc.integer(), history, (seed, steps) => run(options, seed, steps)),
          { numRuns },
        ),
      ).not.toThrow();
    },
  );
});
