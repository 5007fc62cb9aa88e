import type {
  Attributes,
  Context,
  ProxyTracerProvider,
  Span,
  SpanContext,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api';
import type { EntityStarting } from '../entities';
import type { ClaimOutcome } from '../names';
import type { SyncReport } from '../node';
import type { CallTracer, HandlerSpan, OutgoingSpan, TraceContext } from '../calls';
import {
  codeOfThrown,
  formatKey,
  isError,
  isOwnError,
  isPid,
  type Key,
  messageOfThrown,
  nameOfThrown,
  type Pid,
  stackOfThrown,
} from '../term';

type Api = typeof import('@opentelemetry/api');
type Outgoing = Parameters<CallTracer['outgoing']>;
type Incoming = Parameters<CallTracer['incoming']>;

const TRACER = 'nestjs-pg-registry';
/** The value of `rpc.system.name`. */
const SYSTEM = 'pg_registry';
/** The W3C header `traceparent`: version 00, and the part that later versions keep. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-|$)/;

/**
 * Records calls and casts as OpenTelemetry spans, after its conventions for RPC: one client span for a call, over all members that
 * were asked, and a server span for each run of a handler. A cast or message does not wait, so its spans are of kind producer
 * and consumer.
 *
 * Without an SDK it records nothing: a call passes on the current trace context, if there is one.
 */
export class RegistryTracer implements CallTracer {
  readonly #tracer: Tracer;
  #isRecording = false;

  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;

    this.#tracer = api.trace.getTracer(TRACER);
  }

  outgoing(
    kind: Outgoing[0],
    name: Outgoing[1],
    to: Outgoing[2],
    parent: Outgoing[3],
  ): OutgoingSpan | undefined {
    if (this.#records()) return this.#recorded(kind, name, to, parent);
    if (parent !== undefined) return undefined;
    const { context, trace } = this.#api;
    const current = trace.getSpanContext(context.active());
    const carried = current && traceOf(this.#api, current);
    return carried && new UnrecordedCall(carried);
  }

  #recorded(...[kind, name, to, parent]: Outgoing): OutgoingSpan {
    const { SpanKind, context } = this.#api;
    const options = {
      kind: kind === 'call' ? SpanKind.CLIENT : SpanKind.PRODUCER,
      attributes: { ...attributesOf(name || kind), ...destinationOf(to) },
    };
    const span = this.#tracer.startSpan(name || kind, options, this.#within(context.active(), parent));
    return new RecordedCall(span, traceOf(this.#api, span.spanContext()) ?? parent, this.#api);
  }

  incoming(message: Incoming[0], { pid, label }: Incoming[1]): HandlerSpan | undefined {
    if (!this.#records()) return undefined;
    const { SpanKind, ROOT_CONTEXT, trace } = this.#api;
    const { kind, name, caller } = message;
    const options = {
      kind: kind === 'call' ? SpanKind.SERVER : SpanKind.CONSUMER,
      attributes: {
        ...attributesOf(name || kind),
        'pg_registry.pid': String(pid),
        'pg_registry.caller': String(caller),
        ...(label !== undefined && { 'pg_registry.process': label }),
      },
    };
    // Not within the active context, which is that of the first message in the mailbox.
    const parent = this.#within(ROOT_CONTEXT, message.trace);
    const span = this.#tracer.startSpan(name || kind, options, parent);
    return new RecordedHandler(span, trace.setSpan(parent, span), this.#api);
  }

  /**
   * Records a call for a cluster name as a span within the active context, from the call until the caller has the key or an error.
   *
   * @returns What ends the span; undefined if nothing is recorded.
   */
  claiming(node: string, method: string, key: Key): ((outcome: ClaimOutcome) => void) | undefined {
    if (!this.#records()) return undefined;
    const attributes = { 'pg_registry.node': node, 'pg_registry.cluster_name': formatKey(key) };
    const span = this.#tracer.startSpan(`pg_registry ${method}`, { attributes });
    const recorded = new Recorded(span, this.#api);
    return (outcome) => {
      if (outcome.type === 'failed') return recorded.fail(outcome.error);
      if (outcome.type === 'held') span.setAttribute('pg_registry.token', outcome.token);
      span.setAttribute('pg_registry.held', outcome.type === 'held');
      recorded.end();
    };
  }

  /**
   * Records the start of an entity as a span below the call that starts it, until the entity has started or its start has failed.
   *
   * @returns What ends the span; undefined if nothing is recorded.
   */
  starting(
    node: string,
    { type, key, cause, trace }: EntityStarting,
  ): ((error: unknown) => void) | undefined {
    if (!this.#records()) return undefined;
    const attributes = {
      'pg_registry.node': node,
      'pg_registry.entity': type,
      'pg_registry.key': formatKey(key),
      'pg_registry.cause': cause,
    };
    const parent = this.#within(this.#api.ROOT_CONTEXT, trace);
    const recorded = new Recorded(
      this.#tracer.startSpan('pg_registry start', { attributes }, parent),
      this.#api,
    );
    return (error) => (error === undefined ? recorded.end() : recorded.fail(error));
  }

  /** Records a finished sync as a span of a trace of its own. */
  synced(node: string, { scope, peer, durationMs }: SyncReport): void {
    if (!this.#records()) return;
    const endedAt = Date.now();
    const attributes = {
      'pg_registry.node': node,
      'pg_registry.scope': scope,
      'pg_registry.peer': peer,
    };
    this.#tracer
      .startSpan('pg_registry sync', { root: true, startTime: endedAt - durationMs, attributes })
      .end(endedAt);
  }

  /**
   * Whether an SDK is registered by now. Checked first, because the API's own spans are not free: with them a local call took
   * about twice as long; with the check there was no measurable difference.
   */
  #records(): boolean {
    if (this.#isRecording) return true;
    const provider: TracerProvider & Partial<ProxyTracerProvider> = this.#api.trace.getTracerProvider();
    this.#isRecording =
      provider.getDelegateTracer === undefined || provider.getDelegateTracer(TRACER) !== undefined;
    return this.#isRecording;
  }

  /** Returns a context whose current span is `parent`, if that names one. */
  #within(context: Context, parent: TraceContext | undefined): Context {
    const [, traceId, spanId, flags] = TRACEPARENT.exec(parent?.traceparent ?? '') ?? [];
    if (parent === undefined || traceId === undefined) return context;
    const { createTraceState, trace } = this.#api;
    return trace.setSpanContext(context, {
      traceId,
      spanId,
      traceFlags: Number.parseInt(flags, 16),
      isRemote: true,
      ...(parent.tracestate && { traceState: createTraceState(parent.tracestate) }),
    });
  }
}

/** A span that ends with success or with an error. */
class Recorded {
  readonly #api: Api;

  constructor(
    readonly span: Span,
    api: Api,
  ) {
    this.#api = api;
  }

  end(): void {
    this.span.end();
  }

  fail(error: unknown): void {
    const { span } = this;
    const api = this.#api;
    // Copied, because an SDK reads the properties of an error as it likes, and they may throw.
    const message = messageOfThrown(error);
    const stack = stackOfThrown(error);
    span.setAttribute('error.type', typeOf(error));
    span.recordException(
      isError(error) ? { name: nameOfThrown(error), message, ...(stack !== '' && { stack }) } : message,
    );
    span.setStatus({ code: api.SpanStatusCode.ERROR, message });
    span.end();
  }
}

class RecordedCall extends Recorded implements OutgoingSpan {
  constructor(
    span: Span,
    readonly trace: TraceContext | undefined,
    api: Api,
  ) {
    super(span, api);
  }

  asked(pid: Pid): void {
    this.span.setAttributes({ 'server.address': pid.node, 'pg_registry.pid': String(pid) });
  }
}

/** Passes on the current trace context, and records nothing. */
class UnrecordedCall implements OutgoingSpan {
  constructor(readonly trace: TraceContext) {}

  asked(): void {}
  end(): void {}
  fail(): void {}
}

class RecordedHandler extends Recorded implements HandlerSpan {
  readonly #context: Context;
  readonly #contexts: Api['context'];

  constructor(span: Span, context: Context, api: Api) {
    super(span, api);
    this.#context = context;
    this.#contexts = api.context;
  }

  run<T>(handler: () => T): T {
    return this.#contexts.with(this.#context, handler);
  }
}

function attributesOf(method: string): Attributes {
  return { 'rpc.system.name': SYSTEM, 'rpc.method': method };
}

function destinationOf(to: Outgoing[2]): Attributes {
  if ('type' in to) return { 'pg_registry.entity': to.type, 'pg_registry.key': formatKey(to.key) };
  if (isPid(to)) return {};
  if (!('scope' in to)) return { 'pg_registry.cluster_name': formatKey(to.key) };
  return { 'pg_registry.scope': to.scope, 'pg_registry.key': formatKey(to.key) };
}

/** Formats a span as W3C headers. Returns undefined for an invalid span. */
function traceOf({ isSpanContextValid }: Api, span: SpanContext): TraceContext | undefined {
  if (!isSpanContextValid(span)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = span;
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  const tracestate = traceState?.serialize();
  return tracestate ? { traceparent, tracestate } : { traceparent };
}

/** Returns the error type, one of few words as the conventions require: the code of this library's errors, the class of others. */
function typeOf(error: unknown): string {
  return (isOwnError(error) && codeOfThrown(error)) || nameOfThrown(error);
}
