import { Injectable } from '@nestjs/common';
import type { Attributes, Meter, Observable } from '@opentelemetry/api';
import { type NodeStats, type PgRegistryNode, whenInstalled } from '../node';
import { RegistryTracer } from './registry.tracer';

type Api = typeof import('@opentelemetry/api');

const PACKAGE = '@opentelemetry/api';
const METER = 'nestjs-pg-registry';

/** What one instrument reads from the figures of a node: a value, or one for each value of an attribute. */
interface Instrument {
  readonly name: string;
  readonly kind: 'gauge' | 'counter';
  readonly description: string;
  readonly read: (stats: NodeStats) => Iterable<readonly [value: number, attributes?: Attributes]>;
}

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
    name: 'messages.dropped',
    kind: 'counter',
    description: 'Messages dropped because the node was not connected',
    read: ({ dropped }) => [[dropped]],
  },
  {
    name: 'protocol.events',
    kind: 'counter',
    description: 'What the peer protocol counts: repairs, syncs, refusals and so on, by event',
    read: ({ protocol }) =>
      Object.entries(protocol.counters).map(([event, count]) => [count, { event }] as const),
  },
];

/**
 * What OpenTelemetry is told of a node, and what calls take from it. Without `@opentelemetry/api` nothing of it happens, and
 * without an SDK next to nothing. The SDK has to be registered before the application is created.
 */
@Injectable()
export class RegistryTelemetry {
  readonly #api = whenInstalled(PACKAGE, () => require('@opentelemetry/api') as Api);
  #stop: (() => void) | undefined;

  /** Records calls and syncs of a node as spans; undefined where the package is missing. */
  readonly tracer = this.#api && new RegistryTracer(this.#api);

  /** Has the figures of a node read whenever metrics are collected. Cost of a collection: one `node.stats()`. */
  observe(node: Pick<PgRegistryNode, 'name' | 'stats'>): void {
    if (this.#api === undefined) return;
    const meter = this.#api.metrics.getMeter(METER);
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
    this.#stop = () => meter.removeBatchObservableCallback(collect, observables);
  }

  /** Ends {@link observe}. Idempotent. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}

function gauge(name: string, description: string, read: (stats: NodeStats) => number): Instrument {
  return { name, kind: 'gauge', description, read: (stats) => [[read(stats)]] };
}

function observable(meter: Meter, { name, kind, description }: Instrument): Observable {
  const full = `pg_registry.${name}`;
  return kind === 'gauge'
    ? meter.createObservableGauge(full, { description })
    : meter.createObservableCounter(full, { description });
}
