import { metrics, SpanKind, trace } from '@opentelemetry/api';
import { DataPointType, type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { eventually } from '../../../../test/support/eventually';
import { via } from '../calls';
import { localBus, localTransport } from '../transport/local';
import { type Application, Applications } from './application.fixture';

/** Collects when it is told to. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** One value of one instrument. */
interface Measured {
  readonly kind: 'gauge' | 'counter' | 'histogram';
  readonly attributes: object;
  readonly value: unknown;
}

const KINDS = {
  [DataPointType.GAUGE]: 'gauge',
  [DataPointType.SUM]: 'counter',
  [DataPointType.HISTOGRAM]: 'histogram',
  [DataPointType.EXPONENTIAL_HISTOGRAM]: 'histogram',
} as const;

describe('with an SDK of OpenTelemetry', () => {
  const reader = new Reader();
  const spans = new InMemorySpanExporter();
  const applications = new Applications();
  let application: Application;

  beforeAll(async () => {
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    );
    application = await applications.start({}, { node: 'measured', scopes: ['docs'] });
  });
  afterAll(async () => {
    await applications.closeAll();
    metrics.disable();
    trace.disable();
  });

  /** What an instrument says of a node at this moment; the attribute `node` left out. */
  async function of(name: string, node = 'measured'): Promise<Measured[]> {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const metric = all.find(({ descriptor }) => descriptor.name === `pg_registry.${name}`);
    if (metric === undefined) return [];
    const points: readonly DataPoint<unknown>[] = metric.dataPoints;
    return points
      .filter(({ attributes }) => attributes['node'] === node)
      .map(({ attributes, value }) => ({
        kind: KINDS[metric.dataPointType],
        attributes: Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== 'node')),
        value,
      }));
  }

  test('each collection of metrics reads the figures of the node', async () => {
    expect(await of('connected')).toEqual([{ kind: 'gauge', attributes: {}, value: 1 }]);
    application.registry('docs').register('k');
    expect(await of('entries')).toContainEqual({
      kind: 'gauge',
      attributes: { scope: 'docs', owner: 'local' },
      value: 1,
    });
    application.registry('docs').register('more');
    expect(await of('entries')).toContainEqual({
      kind: 'gauge',
      attributes: { scope: 'docs', owner: 'local' },
      value: 2,
    });
  });

  test('calls are counted by outcome', async () => {
    await application.processes.call(via('docs', 'nobody'), 'read').catch(() => undefined);
    expect(await of('calls.finished')).toEqual([
      { kind: 'counter', attributes: { outcome: 'NOT_REGISTERED' }, value: 1 },
    ]);
  });

  test('cluster names are counted; calls for them are timed and spans', async () => {
    const { names } = application.node;
    const claim = await names.claim(['job', 1]);
    await names.tryClaim(['job', 1]);
    await names.withLock(['job', 1], () => undefined, { timeoutMs: 1 }).catch(() => undefined);
    expect(await of('names.held')).toEqual([{ kind: 'gauge', attributes: {}, value: 1 }]);
    expect(await of('names.claimed')).toEqual([{ kind: 'counter', attributes: {}, value: 1 }]);
    expect(await of('names.requests')).toEqual([
      { kind: 'counter', attributes: {}, value: expect.any(Number) },
    ]);
    await claim.release();
    expect(await of('names.lost')).toEqual([
      { kind: 'counter', attributes: { reason: 'released' }, value: 1 },
    ]);
    const outcomes = (await of('names.claim.duration')).map(({ attributes }) => attributes);
    expect(outcomes).toEqual([{ outcome: 'held' }, { outcome: 'not-free' }, { outcome: 'LOCK_TIMEOUT' }]);
    const own = spans
      .getFinishedSpans()
      .filter(({ attributes }) => 'pg_registry.held' in attributes || 'error.type' in attributes);
    expect(
      own.filter(({ name }) => name !== 'read').map(({ name, attributes }) => ({ name, ...attributes })),
    ).toEqual([
      {
        name: 'pg_registry claim',
        'pg_registry.node': 'measured',
        'pg_registry.cluster_name': "['job', 1]",
        'pg_registry.held': true,
        'pg_registry.token': claim.token,
      },
      expect.objectContaining({ name: 'pg_registry tryClaim', 'pg_registry.held': false }),
      expect.objectContaining({ name: 'pg_registry withLock', 'error.type': 'LOCK_TIMEOUT' }),
    ]);
  });

  test('syncs are timed and spans, operations are counted, and a write is followed to a peer', async () => {
    const other = await applications.start({}, { node: 'other', scopes: ['docs'] });
    await other.seen('k', 1, 'docs');
    await eventually(async () =>
      expect(await of('sync.duration', 'other')).toEqual([
        {
          kind: 'histogram',
          attributes: { scope: 'docs' },
          value: expect.objectContaining({ count: 1, sum: expect.any(Number) }),
        },
      ]),
    );
    expect(await of('syncs', 'other')).toContainEqual({
      kind: 'counter',
      attributes: {},
      value: expect.any(Number),
    });
    const sync = spans
      .getFinishedSpans()
      .find(({ attributes }) => attributes['pg_registry.node'] === 'other');
    expect(sync).toMatchObject({
      name: 'pg_registry sync',
      kind: SpanKind.INTERNAL,
      parentSpanContext: undefined,
      attributes: { 'pg_registry.scope': 'docs', 'pg_registry.peer': 'measured' },
    });
    application.registry('docs').register('followed');
    await eventually(async () =>
      expect(await of('propagation.lag')).toEqual([
        { kind: 'histogram', attributes: { scope: 'docs' }, value: expect.objectContaining({ count: 1 }) },
      ]),
    );
    expect(await of('operations')).toContainEqual({
      kind: 'counter',
      attributes: { direction: 'out' },
      value: 1,
    });
    expect(await of('operations', 'other')).toContainEqual({
      kind: 'counter',
      attributes: { direction: 'in' },
      value: 1,
    });
    expect(await of('repairs')).toContainEqual({ kind: 'counter', attributes: { role: 'asked' }, value: 0 });
    expect(await of('refusals')).toContainEqual({
      kind: 'counter',
      attributes: { reason: 'refused' },
      value: 0,
    });
  });

  test('metrics count the messages that a shared secret refuses, by reason', async () => {
    const bus = localBus();
    const secret = { signWith: 'k', keys: { k: 'a secret of at least thirty-two bytes' } };
    await applications.start({}, { node: 'careful', transport: localTransport({ bus, secret }) });
    const stranger = await localTransport({ bus }).connect({
      node: 'stranger',
      replies: 'pgr.pg.reply.stranger.>',
      timeoutMs: 1000,
      onStatus: () => undefined,
      onError: () => undefined,
      onWarning: () => undefined,
    });
    stranger.publish('pgr.pg.from.stranger.hello', new Uint8Array(1));
    await stranger.flush();
    const [reason, kind] = ['secret-unsigned', 'counter'];
    expect(await of('refusals', 'careful')).toContainEqual({ kind, attributes: { reason }, value: 1 });
    await stranger.close();
  });

  test('metrics of a node end when it has stopped', async () => {
    const other = await applications.start({}, { node: 'short-lived' });
    const stats = jest.spyOn(other.node, 'stats');
    await reader.collect();
    expect(stats).toHaveBeenCalledTimes(1);
    await other.context.close();
    await reader.collect();
    expect(stats).toHaveBeenCalledTimes(1);
  });
});
