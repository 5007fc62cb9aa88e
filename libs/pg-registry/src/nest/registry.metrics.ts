import type { Attributes, Histogram, Meter, Observable } from '@opentelemetry/api';
import type { EntityTypeStats } from '../entities';
import type { ClaimOutcome } from '../names';
import { codeOfThrown, isOwnError } from '../term';
import type { LagReport, NodeStats, PgRegistryNode, SyncReport } from '../node';

/** One instrument, and how it reads its values from the figures of a node: one value, or one for each value of an attribute. */
interface Instrument {
  readonly name: string;
  readonly kind: 'gauge' | 'counter';
  readonly description: string;
  readonly read: (stats: NodeStats) => Iterable<readonly [value: number, attributes?: Attributes]>;
}

/** The names in `protocol.counters` for each role in a repair. */
const REPAIRS = {
  asked: ['repair-asks'],
  answered: ['repairs', 'repairs-broadcast', 'repairs-repeated'],
  impossible: ['repairs-impossible'],
};
/** The names in `protocol.counters` for refused frames, bodies and nodes. */
const REFUSALS = [
  'bad-subject',
  'forged-frame',
  'foreign-reply',
  'from-rejected',
  'malformed-frame',
  'overfull',
  'oversized-frame',
  'refused',
  'rejected-limit',
  'rejected-version',
  'too-many-scopes',
  'unreadable-version',
];
/** In milliseconds: less than one within a machine, some hundred for a lost frame and its repair, seconds for a large sync. */
const BOUNDARIES = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

const INSTRUMENTS: readonly Instrument[] = [
  gauge('connected', '1 while the node is connected to its broker', ({ connected }) => Number(connected)),
  gauge('peers', 'Other nodes of the cluster, suspects included', ({ protocol }) => protocol.peers),
  gauge('suspects', 'Peers that are suspected of being gone', ({ protocol }) => protocol.suspects),
  gauge('processes', 'Living processes of this node', ({ processes }) => processes),
  {
    name: 'entries',
    kind: 'gauge',
    description: 'Entries by scope: of this node, and of all others',
    read: ({ scopes }) =>
      Object.entries(scopes).flatMap(([scope, { entries, local }]) => [
        [local, { scope, owner: 'local' }] as const,
        [entries - local, { scope, owner: 'remote' }] as const,
      ]),
  },
  {
    name: 'operations',
    kind: 'counter',
    description: 'Writes that were sent to peers, and writes of peers that were applied',
    read: (stats) => [
      [counted(stats, 'operations-out'), { direction: 'out' }],
      [counted(stats, 'operations-in'), { direction: 'in' }],
    ],
  },
  {
    name: 'repairs',
    kind: 'counter',
    description:
      'Gaps in the operations of peers: asks for them, answers to asks, and asks that came too late',
    read: (stats) =>
      Object.entries(REPAIRS).map(([role, names]) => [counted(stats, ...names), { role }] as const),
  },
  {
    name: 'syncs',
    kind: 'counter',
    description: 'Syncs with a peer that were begun',
    read: (stats) => [[counted(stats, 'walks')]],
  },
  {
    name: 'refusals',
    kind: 'counter',
    description: 'Messages, frames and nodes that were refused, by reason',
    read: (stats) => [
      ...REFUSALS.map((reason) => [counted(stats, reason), { reason }] as const),
      ...Object.entries(stats.refused).map(
        ([reason, count]) => [count, { reason: `secret-${reason}` }] as const,
      ),
    ],
  },
  gauge('calls.pending', 'Calls made here that are not answered yet', ({ calls }) => calls.pending),
  gauge('calls.serving', 'Calls of other nodes that are not answered yet', ({ calls }) => calls.serving),
  gauge('calls.in_flight', 'Messages that wait or are being handled here', ({ calls }) => calls.inFlight),
  {
    name: 'calls.finished',
    kind: 'counter',
    description: 'Calls made here that have ended, by outcome',
    read: ({ calls }) =>
      Object.entries(calls.finished).map(([outcome, count]) => [count, { outcome }] as const),
  },
  {
    name: 'calls.warnings',
    kind: 'counter',
    description: 'What went wrong with calls and casts, by reason',
    read: ({ calls }) =>
      Object.entries(calls.warnings).map(([reason, count]) => [count, { reason }] as const),
  },
  {
    name: 'entities.living',
    kind: 'gauge',
    description: 'Living entities of this node, by type',
    read: ({ entities }) =>
      Object.entries(entities.living).map(([type, count]) => [count, { type }] as const),
  },
  {
    name: 'entities.started',
    kind: 'counter',
    description: 'Entities that were started here, by type and cause',
    read: (stats) => countedByType(stats, 'cause', ({ started }) => started),
  },
  {
    name: 'entities.moves',
    kind: 'counter',
    description: 'Moves of entities away from here, by type and outcome',
    read: (stats) => countedByType(stats, 'outcome', ({ moves }) => moves),
  },
  {
    name: 'entities.failures',
    kind: 'counter',
    description:
      'Starts of entities that failed, moves that failed, and states that were lost after a split, by type',
    read: (stats) =>
      countedByType(stats, 'step', ({ failedStarts, moves, merges }) => ({
        start: failedStarts,
        move: moves.failed,
        merge: merges.lost,
      })),
  },
  gauge('names.held', 'Cluster names that this node holds', ({ names }) => names.held),
  gauge('names.waiting', 'Calls and campaigns that wait for a cluster name', ({ names }) => names.waiting),
  gauge(
    'names.renewal_lag',
    'How late the renewal of the session in the store is, in milliseconds',
    ({ names }) => names.renewalLagMs,
  ),
  gauge(
    'names.refused',
    '1 while cluster names are refused because the store has lost records',
    ({ names }) => Number(names.refusedForMs > 0),
  ),
  {
    name: 'names.claimed',
    kind: 'counter',
    description: 'Claims of cluster names that were made here',
    read: ({ names }) => [[names.claimed]],
  },
  {
    name: 'names.lost',
    kind: 'counter',
    description: 'Claims of cluster names that have ended here, by reason',
    read: ({ names }) => Object.entries(names.lost).map(([reason, count]) => [count, { reason }] as const),
  },
  {
    name: 'names.requests',
    kind: 'counter',
    description: 'Requests to the store of cluster names',
    read: ({ names }) => [[names.storeRequests]],
  },
  {
    name: 'names.fenced',
    kind: 'counter',
    description: 'Sessions of other nodes that this node has ended because their time was over',
    read: ({ names }) => [[names.fenced]],
  },
  {
    name: 'messages.dropped',
    kind: 'counter',
    description: 'Messages dropped because the node was not connected',
    read: ({ dropped }) => [[dropped]],
  },
  {
    name: 'protocol.events',
    kind: 'counter',
    description: 'Everything that the peer protocol counts, by event',
    read: ({ protocol }) =>
      Object.entries(protocol.counters).map(([event, count]) => [count, { event }] as const),
  },
];

/** The metrics of nodes: figures are read at each collection, durations are recorded at once. */
export class RegistryMetrics {
  readonly #syncs: Histogram;
  readonly #lags: Histogram;
  readonly #claims: Histogram;

  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;

    this.#syncs = histogram(meter, 'sync.duration', 'From the first ask of a sync to its last entry');
    this.#lags = histogram(
      meter,
      'propagation.lag',
      "From a write of this node to a peer's word that it is applied there; a sample",
    );
    this.#claims = histogram(meter, 'names.claim.duration', 'Calls for a cluster name, by outcome');
  }

  /** Records how long a call for a cluster name took, by its outcome. */
  claimed(node: string, outcome: ClaimOutcome, durationMs: number): void {
    this.#claims.record(durationMs, { node, outcome: wordFor(outcome) });
  }

  /** Records how long a node took for a sync. */
  synced(node: string, { scope, durationMs }: SyncReport): void {
    this.#syncs.record(durationMs, { node, scope });
  }

  /** Records how long a write of a node took to reach a peer. */
  propagated(node: string, { scope, durationMs }: LagReport): void {
    this.#lags.record(durationMs, { node, scope });
  }

  /**
   * Reads the figures of a node at each collection of metrics. A collection costs one `node.stats()`.
   *
   * @returns What ends it.
   */
  observe(node: Pick<PgRegistryNode, 'name' | 'stats'>): () => void {
    const meter = this.#meter;
    const instruments = INSTRUMENTS.map((instrument) => ({
      ...instrument,
      observable: observable(meter, instrument),
    }));
    const observables = instruments.map((instrument) => instrument.observable);
    const collect: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
      const stats = node.stats();
      for (const { observable: target, read } of instruments) {
        for (const [value, attributes] of read(stats)) {
          result.observe(target, value, { ...attributes, node: node.name });
        }
      }
    };
    meter.addBatchObservableCallback(collect, observables);
    return () => meter.removeBatchObservableCallback(collect, observables);
  }
}

/** One of few words: `held`, `not-free`, or the code of the error. */
function wordFor(outcome: ClaimOutcome): string {
  if (outcome.type !== 'failed') return outcome.type;
  return (isOwnError(outcome.error) && codeOfThrown(outcome.error)) || 'ERROR';
}

function gauge(name: string, description: string, read: (stats: NodeStats) => number): Instrument {
  return { name, kind: 'gauge', description, read: (stats) => [[read(stats)]] };
}

function countedByType(
  { entities }: NodeStats,
  attribute: string,
  of: (stats: EntityTypeStats) => Readonly<Record<string, number>>,
): (readonly [number, Attributes])[] {
  return Object.entries(entities.byType).flatMap(([type, stats]) =>
    Object.entries(of(stats)).map(([word, count]) => [count, { type, [attribute]: word }] as const),
  );
}

function counted({ protocol }: NodeStats, ...names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (protocol.counters[name] ?? 0), 0);
}

function observable(meter: Meter, { name, kind, description }: Instrument): Observable {
  const full = `pg_registry.${name}`;
  return kind === 'gauge'
    ? meter.createObservableGauge(full, { description })
    : meter.createObservableCounter(full, { description });
}

function histogram(meter: Meter, name: string, description: string): Histogram {
  const advice = { explicitBucketBoundaries: BOUNDARIES };
  return meter.createHistogram(`pg_registry.${name}`, { description, unit: 'ms', advice });
}
