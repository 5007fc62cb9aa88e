import {
  type ArgumentMetadata,
  type CallHandler,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type NestInterceptor,
  ParseIntPipe,
  type PipeTransform,
  UseFilters,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { map, throwError } from 'rxjs';
import { type CallContext, via } from '../calls';
import { Applications } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

const target = via('pg', 'k');

/** What enhancers were shown. Each test begins with an empty list. */
let seen: unknown[] = [];

@Catch(RangeError)
class RangeFilter implements ExceptionFilter<RangeError> {
  catch(error: RangeError): never {
    throw new ForbiddenException(`mapped ${error.message}`);
  }
}

@Injectable()
class Bracket implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((value: unknown) => `[${String(value)}]`));
  }
}

@Injectable()
class Describe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    seen.push([type, metatype?.name]);
    return value;
  }
}

describe('guards and pipes at the owner of a process', () => {
  let applications: Applications;
  beforeEach(() => {
    applications = new Applications();
    seen = [];
  });
  afterEach(() => applications.closeAll());

  /** One node that has the provider, another one that calls it. */
  async function callerOf(metadata: Parameters<Applications['start']>[0]) {
    await applications.start(metadata);
    const caller = await applications.start();
    await caller.seen('k', 1);
    return (name: string, payload?: unknown) => caller.processes.call(target, name, payload);
  }

  it('a pipe transforms the payload, also if the method takes nothing else', async () => {
    @Injectable()
    @RegisterVia('pg', 'k')
    class Doubler {
      @HandleCall()
      @UsePipes(ParseIntPipe)
      double(n: number): number {
        return n * 2;
      }
      @HandleCall()
      @UsePipes(Describe)
      both(_n: Date, _context: CallContext): void {}
    }
    const call = await callerOf({ providers: [Doubler] });
    expect(await call('double', '21')).toBe(42);
    await expect(call('double', 'x')).rejects.toMatchObject({ remote: { name: 'BadRequestException' } });
    await call('both');
    expect(seen).toEqual([
      ['body', 'Date'],
      ['custom', 'Object'],
    ]);
  });

  it('an interceptor wraps the answer, and a filter maps an error by throwing, by returning or by an Observable', async () => {
    const filter = (catching: (error: Error) => unknown): ExceptionFilter => {
      @Catch(RangeError)
      class Filter implements ExceptionFilter<Error> {
        catch(error: Error): unknown {
          return catching(error);
        }
      }
      return new Filter();
    };
    @Injectable()
    @RegisterVia('pg', 'k')
    class Worker {
      @HandleCall()
      @UseInterceptors(Bracket)
      wrapped(payload: string): string {
        return payload;
      }
      @HandleCall()
      @UseFilters(RangeFilter)
      mapped(): never {
        throw new RangeError('thrown');
      }
      @HandleCall()
      @UseFilters(filter(({ message }) => `returned ${message}`))
      returned(): never {
        throw new RangeError('thrown');
      }
      @HandleCall()
      @UseFilters(filter(({ message }) => throwError(() => new TypeError(`observed ${message}`))))
      observed(): never {
        throw new RangeError('thrown');
      }
      @HandleCall()
      @UseFilters(RangeFilter)
      unmapped(): never {
        throw new SyntaxError('not for the filter');
      }
    }
    const call = await callerOf({ providers: [Worker] });
    expect(await call('wrapped', 'x')).toBe('[x]');
    await expect(call('mapped')).rejects.toMatchObject({
      remote: { name: 'ForbiddenException' },
      message: 'mapped thrown',
    });
    expect(await call('returned')).toBe('returned thrown');
    await expect(call('observed')).rejects.toMatchObject({
      remote: { name: 'TypeError' },
      message: 'observed thrown',
    });
    await expect(call('unmapped')).rejects.toMatchObject({ remote: { name: 'SyntaxError' } });
  });

  it('global pipes, interceptors and filters run, too', async () => {
    @Injectable()
    @RegisterVia('pg', 'k')
    class Worker {
      @HandleCall()
      echo(payload: string): string {
        if (payload === 'fail') throw new RangeError('failed');
        return payload;
      }
    }
    const call = await callerOf({
      providers: [
        Worker,
        { provide: APP_PIPE, useClass: Describe },
        { provide: APP_INTERCEPTOR, useClass: Bracket },
        { provide: APP_FILTER, useClass: RangeFilter },
      ],
    });
    expect(await call('echo', 'x')).toBe('[x]');
    await expect(call('echo', 'fail')).rejects.toMatchObject({ message: 'mapped failed' });
    expect(seen).toContainEqual(['body', 'String']);
  });
});
