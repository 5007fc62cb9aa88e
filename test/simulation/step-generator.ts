import type { Key } from '../../libs/pg-registry/src/term';
import type { SeededRandom } from '../support/seeded-random';
import { type Attack, ATTACKS } from './adversary';

/** One action with all of its random choices. Nodes and servers are indexes into the list of those that exist when it runs. */
export type Action =
  | {
      readonly do: 'register';
      readonly node: number;
      readonly process: number;
      readonly scope: number;
      readonly key: number;
      readonly value: number;
    }
  | {
      readonly do: 'unregister';
      readonly node: number;
      readonly process: number;
      readonly scope: number;
      readonly key: number;
    }
  | {
      readonly do: 'update';
      readonly node: number;
      readonly process: number;
      readonly scope: number;
      readonly key: number;
      readonly value: number;
    }
  | {
      readonly do: 'join-many';
      readonly node: number;
      readonly key: number;
      readonly count: number;
      readonly value: number;
    }
  | { readonly do: 'churn'; readonly node: number; readonly times: number }
  | { readonly do: 'exit'; readonly node: number; readonly process: number }
  | {
      readonly do: 'stop-scope' | 'start-scope' | 'restart-scope';
      readonly node: number;
      readonly scope: number;
    }
  | { readonly do: 'subscribe'; readonly node: number; readonly scope: number }
  | { readonly do: 'replicated'; readonly node: number; readonly scope: number; readonly timeoutMs: number }
  | { readonly do: 'start'; readonly name: number; readonly server: number; readonly clockMs: number }
  | {
      readonly do: 'start-namesake';
      readonly node: number;
      readonly server: number;
      readonly clockMs: number;
    }
  | { readonly do: 'crash'; readonly node: number; readonly unnoticedMs: number }
  | { readonly do: 'leave' | 'drain' | 'freeze' | 'thaw'; readonly node: number }
  | {
      readonly do: 'disconnect';
      readonly node: number;
      readonly awayMs: number;
      readonly noticeMs: number;
      readonly lingerMs: number;
    }
  | { readonly do: 'kill-server'; readonly server: number; readonly downMs: number }
  | {
      readonly do: 'cut';
      readonly from: number;
      readonly to: number;
      readonly known: boolean;
      readonly oneWay: boolean;
    }
  | {
      readonly do: 'call';
      readonly node: number;
      readonly callee: number;
      readonly process: number;
      readonly holdMs: number;
      readonly timeoutMs: number;
    }
  | { readonly do: 'watch'; readonly node: number; readonly callee: number; readonly process: number }
  | { readonly do: 'heal' }
  | { readonly do: 'faults'; readonly loss: number; readonly duplication: number; readonly delayMs: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'attack'; readonly how: Attack; readonly victim: number; readonly clockMs: number };

/** One step of a scenario: an action, the seed of its random numbers, and how long to wait after it. */
export type Step = Action & { readonly seed: number; readonly thenMs: number };

/** Keys that steps use, structured and awkward ones included. */
export const KEYS: readonly Key[] = [
  'a',
  'b',
  3,
  ['doc', 'x'],
  { __proto: 1, b: [null] },
  'constructor',
  10n ** 20n,
  '',
];
export const VALUES = [
  null,
  1,
  'text',
  [1, { two: 2 }],
  'long '.repeat(500),
  undefined,
  new Map([['k', 1]]),
] as const;

/** Indexes are drawn below this: more than there ever are nodes, servers or names. */
const INDEXES = 60;

/** Draws the steps of a scenario. @param unitMs The time in which the cluster notices trouble */
export function drawSteps(random: SeededRandom, count: number, unitMs: number): Step[] {
  return Array.from({ length: count }, () => ({
    ...drawAction(random, unitMs),
    seed: random.below(2 ** 31),
    thenMs: drawWait(random, unitMs),
  }));
}

/** Inserts attacks of a hostile peer between the steps of a scenario, which stay as they are. */
export function withAttacks(steps: readonly Step[], random: SeededRandom): Step[] {
  return steps.flatMap((step) => {
    if (!random.chance(0.25)) return [step];
    const how = random.chance(0.2) ? 'storm' : random.pick(ATTACKS);
    const clockMs = random.pick([0, -1_000_000, 1_000_000]);
    const thenMs = random.pick([0, 0, 5]);
    return [
      step,
      {
        do: 'attack',
        how,
        victim: random.below(INDEXES),
        clockMs,
        seed: random.below(2 ** 31),
        thenMs,
      } as const,
    ];
  });
}

/** Inserts calls and monitors between the steps of a scenario, which stay as they are. */
export function withCalls(steps: readonly Step[], random: SeededRandom): Step[] {
  return steps.flatMap((step) => {
    if (!random.chance(0.2)) return [step];
    const index = (): number => random.below(INDEXES);
    const where = { node: index(), callee: index(), process: index() };
    const rest = { seed: random.below(2 ** 31), thenMs: 0 };
    if (random.chance(0.3)) return [step, { do: 'watch', ...where, ...rest }];
    const holdMs = random.pick([0, 10, 300]);
    const timeoutMs = random.pick([50, 1000, 3000]);
    return [step, { do: 'call', ...where, holdMs, timeoutMs, ...rest }];
  });
}

function drawWait(random: SeededRandom, unitMs: number): number {
  return random.weighted<() => number>([
    [4, () => 0],
    [6, () => random.below(10)],
    [3, () => random.below(100)],
    [1, () => random.below(unitMs)],
  ])();
}

function drawAction(random: SeededRandom, unitMs: number): Action {
  const index = (): number => random.below(INDEXES);
  const node = index();
  const where = { node, process: index(), scope: index(), key: index() };
  const value = index();
  const clockMs = random.weighted([
    [3, 0],
    [1, -1_000_000],
    [1, -5],
    [1, 1_000_000],
  ]);
  return random.weighted<() => Action>([
    [24, () => ({ do: 'register', ...where, value })],
    [8, () => ({ do: 'unregister', ...where })],
    [8, () => ({ do: 'update', ...where, value })],
    [
      3,
      () => ({
        do: 'join-many',
        node,
        key: index(),
        count: 1 + random.below(random.chance(0.1) ? 3000 : 30),
        value,
      }),
    ],
    [4, () => ({ do: 'churn', node, times: 1 + random.below(60) })],
    [3, () => ({ do: 'exit', node, process: index() })],
    [
      2,
      () => ({
        do: random.pick(['stop-scope', 'start-scope', 'start-scope', 'restart-scope']),
        node,
        scope: index(),
      }),
    ],
    [2, () => ({ do: 'subscribe', node, scope: index() })],
    [3, () => ({ do: 'replicated', node, scope: index(), timeoutMs: random.below(unitMs) })],
    [5, () => ({ do: 'start', name: index(), server: index(), clockMs })],
    [0.5, () => ({ do: 'start-namesake', node, server: index(), clockMs })],
    [2, () => ({ do: 'crash', node, unnoticedMs: random.chance(0.3) ? random.below(4 * unitMs) : 0 })],
    [1, () => ({ do: random.pick(['leave', 'leave', 'drain']), node })],
    [2, () => ({ do: 'freeze', node })],
    [4, () => ({ do: 'thaw', node })],
    [
      3,
      () => ({
        do: 'disconnect',
        node,
        awayMs: random.below(random.chance(0.2) ? 5 * unitMs : unitMs),
        noticeMs: random.chance(0.5) ? 0 : random.below(unitMs),
        lingerMs: random.chance(0.5) ? 0 : random.below(2 * unitMs),
      }),
    ],
    [0.7, () => ({ do: 'kill-server', server: index(), downMs: random.below(unitMs) })],
    [
      1.5,
      () => ({
        do: 'cut',
        from: index(),
        to: index(),
        known: random.chance(0.5),
        oneWay: random.chance(0.5),
      }),
    ],
    [2, () => ({ do: 'heal' })],
    [
      1.5,
      () => ({
        do: 'faults',
        loss: random.pick([0, 0, 0.01, 0.1, 0.3]),
        duplication: random.pick([0, 0, 0.05, 0.3]),
        delayMs: random.pick([0, 0, 0.001, 0.02, 0.04]) * unitMs,
      }),
    ],
    [4, () => ({ do: 'wait', ms: random.below(random.chance(0.2) ? 5 * unitMs : unitMs) })],
  ])();
}

/** Formats a step as one line of the log. */
export function textOfStep(step: Step): string {
  const { do: verb, seed: _seed, thenMs: _thenMs, ...details } = step;
  const text = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`);
  return [verb, ...text].join(', ');
}
