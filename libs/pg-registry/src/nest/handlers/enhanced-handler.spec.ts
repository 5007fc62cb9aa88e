import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type CallHandler,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  type Type,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { concat, concatMap, defer, EMPTY, map, type Observable, of, retry, tap } from 'rxjs';
import type { CallContext, HandlerTable } from '../../calls';
import { Applications } from '../application.fixture';
import { HandleCall } from '../decorators/handlers.decorator';
import { RegisterVia } from '../decorators/register-via.decorator';
import { RegistryExplorer } from '../registry.explorer';
import { GuardedHandlers } from './guarded-handlers';

const storage = new AsyncLocalStorage<string>();
/** What was seen on the way through a handler. Each test begins with an empty list. */
let seen: unknown[] = [];

const guard = (answer: unknown): CanActivate => ({
  canActivate: (context: ExecutionContext) => {
    seen.push(['guard', context.getType(), context.getClass().name, context.getHandler().name]);
    return answer as boolean;
  },
});
const interceptor = (
  intercept: (next: CallHandler, context: ExecutionContext) => unknown,
): NestInterceptor => ({
  intercept: (context, next) => intercept(next, context) as Observable<unknown>,
});
const pipe = (transform: PipeTransform['transform']): PipeTransform => ({ transform });
const bracket = (name: string): NestInterceptor =>
  interceptor((next) => next.handle().pipe(map((value) => `${name}(${String(value)})`)));
const storing = (value: string): NestInterceptor =>
  interceptor((next) => storage.run(value, () => next.handle()));
const Late = createParamDecorator(async (data: string) => await Promise.resolve(data));

@Injectable()
@RegisterVia('pg', 'k')
class Worker {
  #failures = 0;

  @HandleCall()
  @UseGuards(guard(true), guard(Promise.resolve(true)), guard(of(false, true)), guard(1))
  admitted(): string {
    return 'admitted';
  }
  @HandleCall()
  @UseGuards(guard(false), guard(true))
  refused(): void {}
  @HandleCall()
  @UseGuards(guard(Promise.resolve(undefined)))
  refusedLater(): void {}
  @HandleCall()
  @UseGuards(guard(Promise.reject(new RangeError('guard'))))
  failingGuard(): void {}

  @HandleCall()
  @UseInterceptors(bracket('outer'), bracket('inner'))
  nested(payload: unknown): unknown {
    return payload;
  }
  @HandleCall()
  @UseInterceptors(bracket('outer'), bracket('inner'))
  async nestedLater(payload: unknown): Promise<unknown> {
    return await Promise.resolve(payload);
  }
  @HandleCall()
  @UseInterceptors(bracket('each'))
  observed(): unknown {
    return of(1, 2, 3);
  }
  @HandleCall()
  @UseInterceptors(interceptor((next) => Promise.resolve(next.handle())))
  promisedObservable(payload: unknown): unknown {
    return payload;
  }
  @HandleCall()
  @UseInterceptors(interceptor(() => of('cached')))
  skipped(): void {
    seen.push('ran');
  }
  @HandleCall()
  @UseInterceptors(interceptor((next) => concat(next.handle(), next.handle())))
  twice(): number {
    return seen.push('ran');
  }
  @HandleCall()
  @UseInterceptors(interceptor((next) => next.handle().pipe(retry(2))))
  retried(): string {
    if ((this.#failures += 1) < 3) throw new RangeError(`attempt ${this.#failures}`);
    return `attempt ${this.#failures}`;
  }
  @HandleCall()
  @UseInterceptors(interceptor(() => EMPTY))
  empty(): void {}
  @HandleCall()
  @UseInterceptors(interceptor(() => ['no', 'observable']))
  iterable(): void {}
  @HandleCall()
  @UseInterceptors(interceptor(() => 7))
  noObservable(): void {}
  @HandleCall()
  @UseInterceptors(
    interceptor(() => {
      throw new RangeError('interceptor');
    }),
  )
  throwingInterceptor(): void {}
  @HandleCall()
  @UseInterceptors(interceptor((next) => next.handle().pipe(tap({ error: () => seen.push('heard') }))))
  throwing(): never {
    throw new RangeError('method');
  }
  @HandleCall()
  @UseInterceptors(storing('outer'), storing('inner'))
  async stored(): Promise<unknown> {
    const first = storage.getStore();
    await Promise.resolve();
    return [first, storage.getStore()];
  }
  @HandleCall()
  @UseInterceptors(
    storing('outer'),
    interceptor((next) => defer(() => of(storage.getStore())).pipe(concatMap(() => next.handle()))),
  )
  storedOutside(): unknown {
    return storage.getStore();
  }

  @HandleCall()
  @UsePipes(
    pipe((value, { type, metatype, data }) => `${String(value)} ${type} ${metatype?.name} ${data}`),
    pipe(async (value) => await Promise.resolve(`<${String(value)}>`)),
    pipe((value) => `[${String(value)}]`),
  )
  piped(payload: string, @Late('late') late: string, _third?: string): unknown {
    return [payload, late, arguments.length];
  }
  @HandleCall()
  @UsePipes(
    pipe((_value, { type }) => {
      if (type === 'body') return Promise.reject(new RangeError('first'));
      throw new SyntaxError('second');
    }),
  )
  failingPipes(_payload: unknown, _context: CallContext): void {}

  @HandleCall()
  @UseGuards(guard(true))
  @UseInterceptors(
    interceptor((next, context) => {
      seen.push(['interceptor', context.getArgs().length, context.getHandler().name]);
      return next.handle();
    }),
  )
  @UsePipes(
    pipe((value) => {
      seen.push('pipe');
      return value;
    }),
  )
  ordered(payload: unknown): unknown {
    seen.push('method');
    return payload;
  }
}

const CALLS = [
  'admitted',
  'refused',
  'refusedLater',
  'failingGuard',
  'nested',
  'nestedLater',
  'observed',
  'promisedObservable',
  'skipped',
  'twice',
  'retried',
  'empty',
  'iterable',
  'noObservable',
  'throwingInterceptor',
  'throwing',
  'stored',
  'storedOutside',
  'piped',
  'ordered',
];

describe('a method behind guards, interceptors and pipes', () => {
  let applications: Applications;
  beforeEach(() => {
    applications = new Applications();
    seen = [];
  });
  afterEach(() => applications.closeAll());

  async function handlersOf(
    type: Type,
    creator: (contexts: ExternalContextCreator) => ExternalContextCreator,
  ) {
    const { context } = await applications.start({ providers: [type] });
    const found = context
      .get(RegistryExplorer, { strict: false })
      .explore()
      .find((provider) => provider.type === type);
    const contexts = context.get(ExternalContextCreator, { strict: false });
    return new GuardedHandlers(creator(contexts)).ofProvider(found!);
  }

  /** Nest, in a version that does not tell what it finds. */
  const reticent = (contexts: ExternalContextCreator): ExternalContextCreator =>
    new Proxy(contexts, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name === 'guardsConsumer') return undefined;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });

  /** How the call ends, and what was seen on the way. */
  async function outcomeOf(handlers: HandlerTable, name: string): Promise<unknown> {
    seen = [];
    const ended = await new Promise((resolve) =>
      resolve(handlers.call(name, 'given', {} as CallContext)),
    ).then(
      (value) => ({ value }),
      (error: unknown) => ({ error: String(error) }),
    );
    return { ...ended, seen };
  }

  it.each(CALLS)("is run as Nest's own context runs it: %s", async (name) => {
    const theirs = await outcomeOf(await handlersOf(Worker, reticent), name);
    const ours = await outcomeOf(await handlersOf(Worker, (contexts) => contexts), name);
    expect(ours).toEqual(theirs);
  });

  it('does not pass through the context of Nest, unless Nest does not tell what it finds', async () => {
    @Injectable()
    @RegisterVia('pg', 'k')
    class Traced {
      @HandleCall()
      @UseGuards(guard(true))
      stack(): string {
        return String(new Error().stack);
      }
    }
    const ours = await handlersOf(Traced, (contexts) => contexts);
    expect(await ours.call('stack', null, {} as CallContext)).not.toContain('external-context-creator');
    const theirs = await handlersOf(Traced, reticent);
    expect(await theirs.call('stack', null, {} as CallContext)).toContain('external-context-creator');
  });

  it('answers in the same turn if nothing in it takes its time', async () => {
    const handlers = await handlersOf(Worker, (contexts) => contexts);
    expect(handlers.call('nested', 'given', {} as CallContext)).toBe('outer(inner(given))');
    expect(handlers.call('ordered', 'given', {} as CallContext)).toBe('given');
  });

  it('ends with the error of the first parameter if several fail, and leaves none unhandled', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    const handlers = await handlersOf(Worker, (contexts) => contexts);
    const outcome = await outcomeOf(handlers, 'failingPipes');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(outcome).toEqual({ error: 'RangeError: first', seen: [] });
    expect(unhandled).toEqual([]);
  });
});
