import type { Scenario } from './scenario';
import { drawClusterConfig } from './cluster-config';

/** Scenarios that once broke an invariant, shrunk, by what happens in them. */
export const REGRESSIONS: Readonly<Record<string, Scenario>> = {
  // From seed 802698. The first node gave way to the second, which had left, and the third gave way to the first.
  'the first of three incarnations wakes up and receives frames of the second, which has said goodbye': {
    seed: 802698,
    config: { ...drawClusterConfig(802698), bootMs: 100 },
    steps: [
      { do: 'start', name: 4, server: 44, clockMs: 1_000_000, seed: 1471680015, thenMs: 0 },
      { do: 'wait', ms: 637, seed: 382050167, thenMs: 0 },
      { do: 'start-namesake', node: 32, server: 28, clockMs: -5, seed: 846583361, thenMs: 0 },
      { do: 'freeze', node: 50, seed: 406818337, thenMs: 1 },
      { do: 'disconnect', node: 7, awayMs: 775, noticeMs: 980, lingerMs: 0, seed: 1425402606, thenMs: 379 },
      { do: 'leave', node: 17, seed: 1101894123, thenMs: 6 },
      { do: 'start-namesake', node: 2, server: 53, clockMs: 0, seed: 744458480, thenMs: 0 },
      { do: 'disconnect', node: 28, awayMs: 603, noticeMs: 631, lingerMs: 0, seed: 369224573, thenMs: 0 },
      { do: 'wait', ms: 114, seed: 516450821, thenMs: 0 },
    ],
  },
  // From seed 91000361. Each part of a chunk that had no room to wait cost another walk, and the owner's budget for answers ran out.
  'a node with little memory syncs entries that are expensive to read': {
    seed: 91000361,
    config: drawClusterConfig(91000361),
    steps: [
      { do: 'attack', how: 'heavy-entries', victim: 25, clockMs: 1_000_000, seed: 505206092, thenMs: 5 },
    ],
  },
};
