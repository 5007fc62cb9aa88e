import type { CallTracer, HandlerRecording, HandlerSpan, TracedMessage } from '../calls';
import { codeOfThrown, nameOfThrown, printable } from '../term';
import type { ServiceEndpoint } from '../transport';
import type { HandlerFact } from './facts';

/** It measures so long after somebody has looked. */
const MEASURES_MS = 60_000;
/** Names of handlers come from callers, so what is kept is bounded. What is beyond counts as one. */
const MOST_HANDLERS = 500;
const MOST_CODES = 16;
const MOST_PROCESSES = 10_000;
const OTHERS = '(others)';
/** Buckets of durations: each holds what took up to a fifth longer than the one before it, from a microsecond to hours. */
const BUCKETS = 128;
const GROWTH = Math.log(1.2);
const LEAST_MS = 0.001;

interface Measured {
  runs: number;
  totalMs: number;
  readonly durations: Uint32Array;
  readonly errors: Map<string, number>;
}

/**
 * Measures handlers while somebody looks: how often they run, how long, and with which errors. It stands before the tracer of the node
 * then, which has its own spans all the same. Otherwise it costs nothing.
 */
export class HandlerMeter implements HandlerRecording, Pick<CallTracer, 'incoming'> {
  /** This while it measures, otherwise the tracer of the node. */
  tracer: Pick<CallTracer, 'incoming'> | undefined;
  readonly #inner: CallTracer | undefined;
  readonly #now: () => number;
  readonly #handlers = new Map<string, Measured>();
  /** The longest handler of each process, by its id. */
  readonly #longest = new Map<number, number>();
  /** When it stops to measure. */
  #until = -Infinity;
  #since = 0;

  constructor(inner: CallTracer | undefined, now: () => number) {
    this.tracer = this.#inner = inner;
    this.#now = now;
  }

  /** Somebody looks: it measures for a minute. */
  look(): void {
    const now = this.#now();
    if (now > this.#until) {
      this.#handlers.clear();
      this.#longest.clear();
      this.#since = now;
    }
    this.#until = now + MEASURES_MS;
    this.tracer = this;
  }

  /** What was measured at a node. */
  facts(node: string): readonly HandlerFact[] {
    const seconds = Math.max(0.001, (this.#now() - this.#since) / 1000);
    return Array.from(this.#handlers, ([handler, { runs, durations, errors }]) => ({
      node,
      handler,
      runs,
      rate: runs / seconds,
      p50Ms: quantile(durations, runs, 0.5),
      p99Ms: quantile(durations, runs, 0.99),
      errors: Object.fromEntries(errors),
    }));
  }

  /** How often each handler ran and failed, and how long all runs took together. */
  totals(): readonly ServiceEndpoint[] {
    return Array.from(this.#handlers, ([handler, { runs, totalMs, errors }]) => ({
      handler,
      runs,
      errors: [...errors.values()].reduce((sum, many) => sum + many, 0),
      totalMs,
    }));
  }

  /** The longest handler of a process so far, in milliseconds. */
  longestOf(process: number): number | undefined {
    return this.#longest.get(process);
  }

  /** A handler is about to run. */
  incoming(message: TracedMessage, process: Parameters<CallTracer['incoming']>[1]): HandlerSpan | undefined {
    const span = this.#inner?.incoming(message, process);
    const begun = this.#now();
    if (begun > this.#until) {
      this.tracer = this.#inner;
      return span;
    }
    const { kind, name } = message;
    const handler = printable(
      `${process.label ?? 'process'}.${kind === 'message' ? '(message)' : name}`,
      120,
    );
    const { id } = process.pid;
    return {
      run: (run) => (span === undefined ? run() : span.run(run)),
      end: () => {
        this.#ended(handler, id, begun, undefined);
        span?.end();
      },
      fail: (error) => {
        this.#ended(handler, id, begun, codeOfThrown(error) || nameOfThrown(error));
        span?.fail(error);
      },
    };
  }

  #ended(handler: string, process: number, begun: number, error: string | undefined): void {
    const ms = this.#now() - begun;
    const measured = this.#measuredOf(handler);
    measured.runs += 1;
    measured.totalMs += ms;
    measured.durations[bucketOf(ms)] += 1;
    if (error !== undefined) count(measured.errors, printable(error, 60));
    const longest = this.#longest.get(process);
    if (longest === undefined ? this.#longest.size < MOST_PROCESSES : ms > longest)
      this.#longest.set(process, ms);
  }

  #measuredOf(handler: string): Measured {
    const known = this.#handlers.get(handler);
    if (known !== undefined) return known;
    if (this.#handlers.size >= MOST_HANDLERS && handler !== OTHERS) return this.#measuredOf(OTHERS);
    const measured = {
      runs: 0,
      totalMs: 0,
      durations: new Uint32Array(BUCKETS),
      errors: new Map<string, number>(),
    };
    this.#handlers.set(handler, measured);
    return measured;
  }
}

function count(errors: Map<string, number>, code: string): void {
  const name = errors.has(code) || errors.size < MOST_CODES ? code : OTHERS;
  errors.set(name, (errors.get(name) ?? 0) + 1);
}

function bucketOf(ms: number): number {
  return Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / LEAST_MS) / GROWTH)));
}

function quantile(durations: Uint32Array, runs: number, part: number): number {
  let left = Math.ceil(runs * part);
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    left -= durations[bucket];
    if (left <= 0) return LEAST_MS * Math.exp(bucket * GROWTH);
  }
  return 0;
}
