import type { EntityOptions } from '../../../libs/pg-registry/src/entities';
import type { NodeOptions } from '../../../libs/pg-registry/src/node';
import type { SeededRandom } from '../../support/seeded-random';
import type { WorkTimes } from './entity-node';

/** What kind of history it is. */
export type HistoryKind =
  /** Nodes come and leave in order, and entities move: no call fails. */
  | 'fair'
  /** Nodes crash and starts fail, too; the network works. */
  | 'connected'
  /** The network is cut and loses messages, too, and nodes stand still. */
  | 'faulty';

/** What a history is made of. */
export interface EntitiesConfig {
  readonly kind: HistoryKind;
  readonly hosts: number;
  /** Whether there is a node that hosts nothing, and calls. */
  readonly hasCaller: boolean;
  readonly options: NodeOptions;
  readonly types: Readonly<Record<string, EntityOptions>>;
  readonly keys: readonly string[];
  readonly work: WorkTimes;
  /** The share of starts that fail. */
  readonly failingStarts: number;
}

/** How long a session of leases lasts without a renewal, in milliseconds. */
export const TTL_MS = 2000;

/** Draws what a history is made of. */
export function drawConfig(random: SeededRandom): EntitiesConfig {
  const kind = random.weighted<HistoryKind>([
    [3, 'fair'],
    [3, 'connected'],
    [4, 'faulty'],
  ]);
  const restart = random.pick(['on-call', 'eager'] as const);
  const shared = { restart, idleMs: random.pick([2000, 20_000, Infinity]) };
  const maxPerNode = kind !== 'fair' && random.chance(0.2) ? { maxPerNode: 3 } : {};
  return {
    kind,
    hosts: 2 + random.below(2),
    hasCaller: random.chance(0.5),
    options: {
      helloIntervalMs: 3000,
      probeIntervalMs: 1000,
      peerTimeoutMs: 6000,
      isolationTimeoutMs: 20_000,
      drainMs: 10_000,
      names: { ttlMs: TTL_MS, takeover: random.pick(['lease', 'crash']) },
      observer: false,
    },
    types: {
      viewed: { ...shared, ...maxPerNode },
      leased: { ...shared, ...maxPerNode, guard: 'lease', placement: random.pick(['hash', 'hash', 'local']) },
    },
    keys: ['a', 'b', 'c', 'd', 'e'].slice(0, 2 + random.below(4)),
    work: {
      startMs: random.pick([1, 50, 300]),
      handlerMs: random.pick([1, 20, 100]),
      exitMs: random.pick([1, 50, 300]),
    },
    failingStarts: kind === 'fair' ? 0 : random.pick([0, 0, 0.2]),
  };
}
