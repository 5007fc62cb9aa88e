import { Injectable } from '@nestjs/common';
import type { NodeObserver, NodeOptions, PgRegistryNode } from '../node';
import { loadIfInstalled } from './optional-package';
import { RegistryMetrics } from './registry.metrics';
import { RegistryTracer } from './registry.tracer';

type Api = typeof import('@opentelemetry/api');

const PACKAGE = '@opentelemetry/api';
const NAME = 'nestjs-pg-registry';
/** How often a write is followed to a peer, where somebody collects what that takes. */
const LAG_SAMPLE_MS = 1000;

/**
 * What OpenTelemetry is told of a node, and what calls take from it. Without `@opentelemetry/api` nothing of it happens, and
 * without an SDK next to nothing. The SDK has to be registered before the application is created.
 */
@Injectable()
export class RegistryTelemetry {
  readonly #api = loadIfInstalled(PACKAGE, () => require('@opentelemetry/api') as Api);
  /** Records calls and handlers of a node as spans; undefined where the package is missing. */
  readonly tracer = this.#api && new RegistryTracer(this.#api);
  readonly #metrics = this.#api && metricsOf(this.#api);
  #stop: (() => void) | undefined;

  /** What a node does only if somebody wants to know. */
  get options(): Pick<NodeOptions, 'lagSampleMs'> {
    return this.#metrics === undefined ? {} : { lagSampleMs: LAG_SAMPLE_MS };
  }

  /** Records what the node of that name tells of. */
  observer(name: () => string): NodeObserver {
    const { tracer } = this;
    const metrics = this.#metrics;
    return {
      synced: (sync) => {
        // Nothing was fetched: that is no sync, and there is one for each peer and scope.
        if (sync.durationMs === 0) return;
        metrics?.synced(name(), sync);
        tracer?.synced(name(), sync);
      },
      propagated: (lag) => metrics?.propagated(name(), lag),
    };
  }

  /** Has the figures of a node read whenever metrics are collected, until {@link stop}. */
  observe(node: Pick<PgRegistryNode, 'name' | 'stats'>): void {
    this.#stop = this.#metrics?.observe(node);
  }

  /** Ends {@link observe}. Idempotent. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** Undefined without an SDK: the meter that the API has then is always the same, and takes nothing. */
function metricsOf({ metrics, createNoopMeter }: Api): RegistryMetrics | undefined {
  const meter = metrics.getMeter(NAME);
  return meter === createNoopMeter() ? undefined : new RegistryMetrics(meter);
}
