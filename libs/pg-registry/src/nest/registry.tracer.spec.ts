import { Injectable } from '@nestjs/common';
import * as api from '@opentelemetry/api';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { eventually } from '../../../../test/support/eventually';
import { type CallContext, clusterName, hashBy, via } from '../calls';
import { entity, type EntityStart } from '../entities';
import { CallTimeoutError } from '../term';
import { type Application, Applications } from './application.fixture';
import { Entity } from './decorators/entity.decorator';
import { HandleCall, HandleCast } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';
import { RegistryTracer } from './registry.tracer';

const name = via('traced', 'clerk');

@Injectable()
@RegisterVia('traced', 'clerk')
class Clerk {
  /** The span that is current in the handler, before and after it has waited for something. */
  @HandleCall()
  async work(_: undefined, { trace: carried }: CallContext): Promise<unknown> {
    const before = trace.getActiveSpan()?.spanContext().spanId;
    await new Promise(setImmediate);
    return { before, after: trace.getActiveSpan()?.spanContext().spanId, carried };
  }

  @HandleCall()
  fail(): never {
    throw new RangeError('too far');
  }

  @HandleCall()
  hang(_: undefined, { signal }: CallContext): Promise<never> {
    return new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error)),
    );
  }

  @HandleCast()
  note(): void {}
}

@Entity('room')
class Room {
  onProcessStart({ key }: EntityStart): void {
    if (key === 'locked') throw new RangeError('locked');
  }
  @HandleCall()
  enter(): string {
    return 'in';
  }
}

describe('with an SDK of OpenTelemetry', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const applications = new Applications();
  let asking: Application;
  let answering: Application;

  beforeAll(async () => {
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    answering = await applications.start({ providers: [Clerk, Room] }, { node: 'there', scopes: ['traced'] });
    asking = await applications.start({}, { node: 'here', scopes: ['traced'] });
    await asking.seen('clerk', 1, 'traced');
  });
  beforeEach(() => exporter.reset());
  afterAll(async () => {
    await applications.closeAll();
    trace.disable();
    context.disable();
  });

  /** The span of that kind, once it has ended. */
  const ended = (kind: SpanKind): Promise<ReadableSpan> =>
    eventually(() => {
      const span = exporter.getFinishedSpans().find((each) => each.kind === kind);
      if (span === undefined) throw new Error('not ended yet');
      return span;
    });

  /** Runs `fn` within a span of the user's, and gives that span. */
  async function within(fn: () => unknown): Promise<Span> {
    return await trace.getTracer('user').startActiveSpan('request', async (span) => {
      await fn();
      span.end();
      return span;
    });
  }

  test('a span ends with an error whose properties cannot be read', async () => {
    const thrower = (): never => {
      throw new Error('from a getter');
    };
    const hostile = Object.defineProperty(new Error('x'), 'stack', { get: thrower });
    for (const property of ['name', 'message', 'code', 'cause'])
      Object.defineProperty(hostile, property, { get: thrower });
    const tracer = new RegistryTracer(api);
    tracer.outgoing('call', 'work', name, undefined)?.fail(hostile);
    tracer.outgoing('cast', 'work', name, undefined)?.fail(Object.create(null));
    const [client, producer] = [await ended(SpanKind.CLIENT), await ended(SpanKind.PRODUCER)];
    expect([client.status.code, client.attributes['error.type']]).toEqual([SpanStatusCode.ERROR, 'Error']);
    expect(producer.attributes['error.type']).toBe('object');
  });

  test('a call to another node is a client span of the caller, with a server span of the handler below it', async () => {
    let answer: unknown;
    const request = await within(async () => (answer = await asking.processes.call(name, 'work')));
    const client = await ended(SpanKind.CLIENT);
    const server = await ended(SpanKind.SERVER);
    expect(client).toMatchObject({
      name: 'work',
      parentSpanContext: { spanId: request.spanContext().spanId },
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'rpc.system.name': 'pg_registry',
        'rpc.method': 'work',
        'pg_registry.scope': 'traced',
        'pg_registry.key': "'clerk'",
        'server.address': 'there',
      },
    });
    expect(server).toMatchObject({
      name: 'work',
      parentSpanContext: { spanId: client.spanContext().spanId, isRemote: true },
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'rpc.system.name': 'pg_registry',
        'rpc.method': 'work',
        'pg_registry.process': 'Clerk',
        'pg_registry.caller': '<here.0>',
      },
    });
    expect(server.spanContext().traceId).toBe(request.spanContext().traceId);
    const { spanId } = server.spanContext();
    const { traceId } = client.spanContext();
    const carried = { traceparent: `00-${traceId}-${client.spanContext().spanId}-01` };
    expect(answer).toEqual({ before: spanId, after: spanId, carried });
  });

  test('calls within one node give the same spans as calls between nodes', async () => {
    const request = await within(() => answering.processes.call(name, 'work'));
    const [client, server] = [await ended(SpanKind.CLIENT), await ended(SpanKind.SERVER)];
    expect(client.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(server.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
  });

  test('calls of one turn do not mix their traces up', async () => {
    const requests = await Promise.all(
      [1, 2, 3].map(() => within(() => answering.processes.call(name, 'work'))),
    );
    const traces = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER);
    expect(traces.map((span) => span.spanContext().traceId)).toEqual(
      requests.map((span) => span.spanContext().traceId),
    );
  });

  test("a handler's error is the status of both spans", async () => {
    await expect(asking.processes.call(name, 'fail')).rejects.toThrow('too far');
    const failed = { code: SpanStatusCode.ERROR, message: 'too far' };
    expect(await ended(SpanKind.SERVER)).toMatchObject({
      status: failed,
      attributes: { 'error.type': 'RangeError' },
      events: [{ name: 'exception', attributes: { 'exception.message': 'too far' } }],
    });
    expect(await ended(SpanKind.CLIENT)).toMatchObject({
      status: failed,
      attributes: { 'error.type': 'REMOTE' },
    });
  });

  test("the span of a call that timed out has the error's code", async () => {
    // On a busy machine the process that is asked may say first that the time is over.
    await expect(asking.processes.call(name, 'hang', null, { timeoutMs: 20 })).rejects.toThrow(
      CallTimeoutError,
    );
    expect(await ended(SpanKind.CLIENT)).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'CALL_TIMEOUT' },
    });
  });

  test('the span of a call or cast to an unregistered key is an error without a process', async () => {
    const nobody = via('traced', 'nobody').pick(hashBy(1));
    await expect(asking.processes.call(nobody, 'work')).rejects.toThrow('Nobody');
    const client = await ended(SpanKind.CLIENT);
    expect(client.attributes).toMatchObject({ 'error.type': 'NOT_REGISTERED' });
    expect(client.attributes).not.toHaveProperty('server.address');
    asking.processes.cast(nobody, 'note');
    expect((await ended(SpanKind.PRODUCER)).status).toMatchObject({ code: SpanStatusCode.ERROR });
  });

  test('the span of a call to a cluster name tells the name', async () => {
    const nobody = asking.processes.call(clusterName(['clerk', 1]), 'work', null, { timeoutMs: 1 });
    await expect(nobody).rejects.toThrow('Nobody');
    expect((await ended(SpanKind.CLIENT)).attributes).toMatchObject({
      'error.type': 'NOT_REGISTERED',
      'pg_registry.cluster_name': "['clerk', 1]",
    });
  });

  test('the start of an entity is a span below the call that starts it, and ends with the error if it fails', async () => {
    const started = (): Promise<ReadableSpan> =>
      eventually(() => {
        const span = exporter.getFinishedSpans().find((each) => each.name === 'pg_registry start');
        if (span === undefined) throw new Error('not ended yet');
        return span;
      });
    await eventually(async () => {
      await asking.processes.call(entity('room', 'warm-up'), 'enter');
    });
    exporter.reset();
    await asking.processes.call(entity('room', 'open'), 'enter');
    const client = await ended(SpanKind.CLIENT);
    const start = await started();
    expect(start).toMatchObject({
      parentSpanContext: { spanId: client.spanContext().spanId, isRemote: true },
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'pg_registry.node': 'there',
        'pg_registry.entity': 'room',
        'pg_registry.key': "'open'",
        'pg_registry.cause': 'call',
      },
    });
    await asking.processes.call(entity('room', 'open'), 'enter');
    expect(exporter.getFinishedSpans().filter((each) => each.name === 'pg_registry start')).toHaveLength(1);
    exporter.reset();
    await expect(asking.processes.call(entity('room', 'locked'), 'enter')).rejects.toThrow('locked');
    expect(await started()).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'locked' },
      attributes: { 'error.type': 'RangeError' },
    });
  });

  test('a cast is a producer span, which does not wait, and a consumer span below it', async () => {
    const request = await within(() => asking.processes.cast(name, 'note', 1));
    const [producer, consumer] = [await ended(SpanKind.PRODUCER), await ended(SpanKind.CONSUMER)];
    expect(producer.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(consumer.parentSpanContext?.spanId).toBe(producer.spanContext().spanId);
    expect(consumer.attributes).toMatchObject({ 'rpc.method': 'note', 'pg_registry.process': 'Clerk' });
  });

  test('a trace that the caller gives is the parent, with its state', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await asking.processes.call(name, 'work', undefined, { trace: { traceparent, tracestate: 'vendor=1' } });
    const [client, server] = [await ended(SpanKind.CLIENT), await ended(SpanKind.SERVER)];
    expect(client.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    expect(server.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(server.spanContext().traceState?.serialize()).toBe('vendor=1');
  });

  test('a handler whose caller has no trace begins one, whatever trace is current when its mailbox is filled', async () => {
    const pid = asking.processes.self();
    const message = {
      kind: 'call',
      name: 'work',
      caller: pid,
      trace: undefined,
    } as const;
    await within(() => {
      new RegistryTracer(api).incoming(message, { pid, label: undefined })?.end();
    });
    expect((await ended(SpanKind.SERVER)).parentSpanContext).toBeUndefined();
  });
});
