import { Injectable } from '@nestjs/common';
import type { Attributes, Meter, Observable } from '@opentelemetry/api';
import type { NodeStats, PgRegistryNode } from '../node';
import type { TraceContext } from '../process';

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
  readonly #api = load();
  #stop: (() => void) | undefined;

  /** The trace context of the running code, in the words of W3C; undefined outside of a span. */
  currentTrace(): TraceContext | undefined {
    if (this.#api === undefined) return undefined;
    const { context, isSpanContextValid, trace } = this.#api;
    const span = trace.getSpanContext(context.active());
    if (span === undefined || !isSpanContextValid(span)) return undefined;
    const flags = span.traceFlags.toString(16).padStart(2, '0');
    return {
      traceparent: `00-${span.traceId}-${span.spanId}-${flags}`,
      tracestate: span.traceState?.serialize(),
    };
  }

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

/** Undefined where the package is missing; whatever else goes wrong is not hidden. */
function load(): Api | undefined {
  try {
    return require('@opentelemetry/api') as Api;
  } catch (error) {
    const isMissing =
      error instanceof Error &&
      'code' in error &&
      error.code === 'MODULE_NOT_FOUND' &&
      error.message.includes(`'${PACKAGE}'`);
    if (isMissing) return undefined;
    throw error;
  }
}
