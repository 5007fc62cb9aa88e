import { Injectable } from '@nestjs/common';
import {
  type Context,
  context,
  type ContextManager,
  createTraceState,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { type CallContext, via } from '../calls';
import { type Application, Applications } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';
import { RegistryTelemetry } from './registry.telemetry';

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

@Injectable()
@RegisterVia('traced', 'handler')
class Handler {
  @HandleCall()
  traceOf(_: undefined, call: CallContext): unknown {
    return [call.trace, call.headers];
  }
}

describe('OpenTelemetry without an SDK', () => {
  const manager = new OneContext();
  const applications = new Applications();
  let application: Application;

  beforeAll(async () => {
    context.setGlobalContextManager(manager);
    application = await applications.start({ providers: [Handler] }, { scopes: ['traced'] });
  });
  afterEach(() => (manager.current = ROOT_CONTEXT));
  afterAll(async () => {
    await applications.closeAll();
    context.disable();
  });

  const call = (): Promise<unknown> => application.processes.call(via('traced', 'handler'), 'traceOf');

  test('calls carry the trace of the calling code', async () => {
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

  test('no lag is measured if nobody collects metrics', () => {
    expect(new RegistryTelemetry().options).toEqual({});
  });
});
