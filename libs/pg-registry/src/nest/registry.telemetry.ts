import { Injectable } from '@nestjs/common';
import type { NodeTelemetry, NodeOptions, PgRegistryNode } from '../node';
import { isMissingPackage } from '../term';
import { RegistryMetrics } from './registry.metrics';
import { RegistryTracer } from './registry.tracer';

type Api = typeof import('@opentelemetry/api');

const PACKAGE = '@opentelemetry/api';
const NAME = 'nestjs-pg-registry';
/** How often the node measures how long a write takes to reach a peer, if somebody collects metrics. */
const LAG_SAMPLE_MS = 1000;

/**
 * Reports a node to OpenTelemetry, and traces its calls. Does nothing without `@opentelemetry/api`, and next to nothing without
 * an SDK. Register the SDK before the application is created.
 */
@Injectable()
export class RegistryTelemetry {
  readonly #api = loadApi();
  /** Records calls and handlers as spans. Undefined if the package is not installed. */
  readonly tracer = this.#api && new RegistryTracer(this.#api);
  readonly #metrics = this.#api && metricsOf(this.#api);
  #stop: (() => void) | undefined;

  /** Options of the node that it needs only for metrics. */
  get options(): Pick<NodeOptions, 'lagSampleMs'> {
    return this.#metrics === undefined ? {} : { lagSampleMs: LAG_SAMPLE_MS };
  }

  /** Returns what records syncs, lags, claims and starts of entities of the node of that name. */
  ofNode(name: () => string): NodeTelemetry {
    const { tracer } = this;
    const metrics = this.#metrics;
    return {
      synced: (sync) => {
        // Every peer and scope reports one sync that fetched nothing.
        if (sync.durationMs === 0) return;
        metrics?.synced(name(), sync);
        tracer?.synced(name(), sync);
      },
      propagated: (lag) => metrics?.propagated(name(), lag),
      starting: (start) => tracer?.starting(name(), start),
      claiming: (method, key) => {
        const endSpan = tracer?.claiming(name(), method, key);
        if (endSpan === undefined && metrics === undefined) return undefined;
        return (outcome, durationMs) => {
          endSpan?.(outcome);
          metrics?.claimed(name(), outcome, durationMs);
        };
      },
    };
  }

  /** Reads the figures of a node at each collection of metrics, until {@link stop}. */
  observe(node: Pick<PgRegistryNode, 'name' | 'stats'>): void {
    this.#stop = this.#metrics?.observe(node);
  }

  /** Ends {@link observe}. Idempotent. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** Returns undefined if the package is not installed. The `require` stands in a `try`, so that bundlers take it for an optional one. */
function loadApi(): Api | undefined {
  try {
    return require('@opentelemetry/api') as Api;
  } catch (error) {
    if (isMissingPackage(error, PACKAGE)) return undefined;
    throw error;
  }
}

/** Returns undefined without an SDK: the API then always returns the same meter, which records nothing. */
function metricsOf({ metrics, createNoopMeter }: Api): RegistryMetrics | undefined {
  const meter = metrics.getMeter(NAME);
  return meter === createNoopMeter() ? undefined : new RegistryMetrics(meter);
}
