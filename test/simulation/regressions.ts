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
  // From seed 93010767. Of each chunk as many entries were merged as the turn had room for, and the owner's budget for answers ran out.
  'a node with little memory syncs entries of which it knows most': {
    seed: 93010767,
    config: drawClusterConfig(93010767),
    steps: [
      { do: 'wait', ms: 41, seed: 1601446800, thenMs: 48 },
      { do: 'attack', how: 'forged-namesake', victim: 55, clockMs: -1_000_000, seed: 92840999, thenMs: 0 },
      { do: 'freeze', node: 57, seed: 1672918554, thenMs: 0 },
      { do: 'join-many', node: 1, key: 47, count: 1813, value: 26, seed: 1557572958, thenMs: 9 },
      { do: 'update', node: 40, process: 15, scope: 40, key: 7, value: 25, seed: 390619784, thenMs: 0 },
      { do: 'register', node: 1, process: 50, scope: 28, key: 7, value: 6, seed: 305224774, thenMs: 98 },
      { do: 'register', node: 33, process: 36, scope: 30, key: 6, value: 29, seed: 241658575, thenMs: 0 },
      { do: 'attack', how: 'storm', victim: 50, clockMs: 0, seed: 2107929216, thenMs: 0 },
      { do: 'disconnect', node: 5, awayMs: 604, noticeMs: 513, lingerMs: 0, seed: 1519821879, thenMs: 0 },
    ],
  },
};
