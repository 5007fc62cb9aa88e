import { Injectable } from '@nestjs/common';
import {
  type BatchObservableCallback,
  type Context,
  context,
  type ContextManager,
  createTraceState,
  type MeterProvider,
  metrics,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { type CallContext, via } from '../process';
import { type Application, Applications } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

const SPAN = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
  traceState: createTraceState('vendor=1'),
};

/** One context for everything: as much of an SDK as a test needs. */
class OneContext implements ContextManager {
  current: Context = ROOT_CONTEXT;

  active(): Context {
    return this.current;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    _context: Context,
    fn: F,
    _this?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return fn(...args);
  }
  bind<T>(_context: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

/** Remembers callbacks, and collects when it is told to. */
class Collector {
  readonly callbacks = new Set<BatchObservableCallback>();

  /** Has the three methods of a meter that are used. */
  get provider(): MeterProvider {
    const meter = {
      createObservableGauge: (name: string) => ({ name }),
      createObservableCounter: (name: string) => ({ name }),
      addBatchObservableCallback: (callback: BatchObservableCallback) => this.callbacks.add(callback),
      removeBatchObservableCallback: (callback: BatchObservableCallback) => this.callbacks.delete(callback),
    };
    return { getMeter: () => meter } as unknown as MeterProvider;
  }

  collect(): unknown[] {
    const observed: unknown[] = [];
    for (const callback of this.callbacks) {
      void callback({
        observe: (instrument, value, attributes) => {
          observed.push([(instrument as unknown as { name: string }).name, value, attributes]);
        },
      });
    }
    return observed;
  }
}

@Injectable()
@RegisterVia('traced', 'handler')
class Handler {
  @HandleCall()
  traceOf(_: undefined, call: CallContext): unknown {
    return [call.trace, call.headers];
  }
}

describe('OpenTelemetry', () => {
  const manager = new OneContext();
  const collector = new Collector();
  const applications = new Applications();
  let application: Application;

  beforeAll(async () => {
    context.setGlobalContextManager(manager);
    metrics.setGlobalMeterProvider(collector.provider);
    application = await applications.start(
      { providers: [Handler] },
      { node: 'measured', scopes: ['traced'] },
    );
  });
  afterEach(() => (manager.current = ROOT_CONTEXT));
  afterAll(async () => {
    await applications.closeAll();
    context.disable();
    metrics.disable();
  });

  const call = (): Promise<unknown> => application.processes.call(via('traced', 'handler'), 'traceOf');

  test('the trace of the calling code goes with calls', async () => {
    manager.current = trace.setSpanContext(ROOT_CONTEXT, SPAN);
    const words = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'vendor=1',
    };
    expect(await call()).toEqual([words, words]);
  });

  test('calls outside of a span carry no trace', async () => {
    expect(await call()).toEqual([undefined, {}]);
  });

  test('each collection of metrics reads the figures of the node', () => {
    const observed = collector.collect();
    expect(observed).toContainEqual(['pg_registry.connected', 1, { node: 'measured' }]);
    expect(observed).toContainEqual(['pg_registry.processes', 2, { node: 'measured' }]);
    expect(observed).toContainEqual([
      'pg_registry.entries',
      1,
      { node: 'measured', scope: 'traced', owner: 'local' },
    ]);
    application.registry('traced').register('more', undefined);
    expect(collector.collect()).toContainEqual([
      'pg_registry.entries',
      2,
      { node: 'measured', scope: 'traced', owner: 'local' },
    ]);
  });

  test('a node that has stopped is not measured any more', async () => {
    const other = await applications.start({}, { node: 'short-lived' });
    expect(collector.callbacks.size).toBe(2);
    await other.context.close();
    expect(collector.callbacks.size).toBe(1);
  });
});
