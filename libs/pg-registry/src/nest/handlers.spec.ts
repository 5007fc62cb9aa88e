import { Injectable, Scope } from '@nestjs/common';
import { defer, EMPTY, of, throwError } from 'rxjs';
import { type CallContext, via } from '../calls';
import { ProcessService } from '../process';
import { InvalidArgumentError, InvalidOptionError, type Value } from '../term';
import { type Application, Applications } from './application.fixture';
import { HandleCall, HandleCast, HandleMessage } from './decorators/handlers.decorator';
import { OnRegister } from './decorators/on-register.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

const target = via('pg', 'k');

@Injectable()
@RegisterVia('pg', 'k')
class Worker {
  readonly #processes: ProcessService;

  constructor(processes: ProcessService) {
    this.#processes = processes;
  }
  @HandleCall()
  plain(payload: Value): unknown {
    return [this instanceof Worker, payload];
  }
  @HandleCall('other name')
  @HandleCall('third name')
  named(): string {
    return 'named';
  }
  @HandleCall()
  context(_payload: Value, { caller, headers, signal }: CallContext): unknown {
    return [String(caller), headers, signal.aborted];
  }
  @HandleCall()
  defaults(payload: number = 7, context?: CallContext): unknown {
    return [payload, context !== undefined];
  }
  @HandleCall()
  self(): string {
    return String(this.#processes.self());
  }
  @HandleCall()
  last(): unknown {
    return of(1, 2, 3);
  }
  @HandleCall()
  late(): unknown {
    return Promise.resolve(defer(() => Promise.resolve('late')));
  }
  @HandleCall()
  empty(): unknown {
    return EMPTY;
  }
  @HandleCall()
  failing(): unknown {
    return throwError(() => new RangeError('out of range'));
  }
  @HandleCall()
  unanswerable(): unknown {
    return () => undefined;
  }
}

describe('handlers', () => {
  let applications: Applications;
  let near: Application;
  let far: Application;

  beforeAll(async () => {
    applications = new Applications();
    near = await applications.start({ providers: [Worker] });
    far = await applications.start();
    await far.seen('k', 1);
  });
  afterAll(() => applications.closeAll());

  describe.each([
    ['the same node', () => near],
    ['another node', () => far],
  ])('called from %s', (_, from) => {
    const call = (name: string, payload?: unknown) => from().processes.call(target, name, payload);

    it('a handler answers under the name of its method, with its object as this', async () => {
      expect(await call('plain', { a: [1n] })).toEqual([true, { a: [1n] }]);
    });

    it('a handler answers under the names given to the decorator, and under no other', async () => {
      expect(await call('other name')).toBe('named');
      expect(await call('third name')).toBe('named');
      await expect(call('named')).rejects.toMatchObject({ code: 'NO_HANDLER' });
      await expect(call('named')).rejects.toThrow(/Worker.*'other name'.*'third name'/);
    });

    it('a handler gets the caller, its headers and a signal', async () => {
      const { processes } = from();
      const answer = processes.call(target, 'context', null, { headers: { tenant: 'x' } });
      expect(await answer).toEqual([String(processes.self()), { tenant: 'x' }, false]);
    });

    it('a handler parameter with a default value gets it, and the context comes after it', async () => {
      expect(await call('defaults')).toEqual([7, true]);
      expect(await call('defaults', 1)).toEqual([1, true]);
    });

    it('a handler runs as the process that is called', async () => {
      expect(await call('self')).toBe(String(near.registry().members('k')[0]));
    });

    it('a handler answers with the last value of an Observable', async () => {
      expect(await call('last')).toBe(3);
      expect(await call('late')).toBe('late');
      await expect(call('empty')).rejects.toMatchObject({ code: 'REMOTE', remote: { name: 'EmptyError' } });
      await expect(call('failing')).rejects.toMatchObject({
        remote: { name: 'RangeError' },
        message: 'out of range',
      });
    });

    it('the caller gets an error if the answer has no normal form', async () => {
      await expect(call('unanswerable')).rejects.toMatchObject({ code: 'INVALID_ANSWER' });
    });
  });

  describe('refused at bootstrap', () => {
    it.each([
      [
        'two methods with the same handler name',
        () => {
          @Injectable()
          @RegisterVia('pg', 'k')
          class Twins {
            @HandleCall('name')
            one(): void {}
            @HandleCall('name')
            other(): void {}
          }
          return Twins;
        },
        /Twins.other handles the call 'name', which Twins.one handles already/,
      ],
      [
        'a second method with @HandleMessage',
        () => {
          @Injectable()
          @RegisterVia('pg', 'k')
          class Ears {
            @HandleMessage()
            left(): void {}
            @HandleMessage()
            right(): void {}
          }
          return Ears;
        },
        /Ears.right handles messages, which Ears.left handles already/,
      ],
      [
        'a handler in a class that is not a process',
        () => {
          @Injectable()
          class Unreachable {
            @HandleCast()
            take(): void {}
          }
          return Unreachable;
        },
        /Unreachable.take .* is no process.*@RegisterVia.*TRANSIENT/,
      ],
      [
        'a listener in a transient class',
        () => {
          @Injectable({ scope: Scope.TRANSIENT })
          class Fleeting {
            @OnRegister()
            hear(): void {}
          }
          return Fleeting;
        },
        /Fleeting.hear listens to a scope, but Fleeting is transient/,
      ],
    ])('the bootstrap refuses %s', async (_, make, message) => {
      const attempt = applications.start({ providers: [make()] });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(message);
    });
  });

  it('a call and a cast may have the same name', async () => {
    const received: string[] = [];
    @Injectable()
    @RegisterVia('pg', 'both')
    class Both {
      @HandleCall('note')
      @HandleCast('note')
      note(what: string): void {
        received.push(what);
      }
    }
    const app = await applications.start({ providers: [Both] });
    app.processes.cast(via('pg', 'both'), 'note', 'cast');
    await app.processes.call(via('pg', 'both'), 'note', 'call');
    expect(received).toEqual(['cast', 'call']);
  });

  it('a handler decorator throws at once if it is not on an instance method, or has an empty name', () => {
    const decorate = (decorator: MethodDecorator, owner: object, member: string | symbol) => () =>
      decorator(owner, member, Object.getOwnPropertyDescriptor(owner, member) ?? {});
    const symbol = Symbol('s');
    class Owner {
      static shared(): void {}
      get value(): number {
        return 1;
      }
      [symbol](): void {}
      method(): void {}
    }
    for (const [owner, member] of [
      [Owner, 'shared'],
      [Owner.prototype, 'value'],
      [Owner.prototype, symbol],
      [Owner.prototype, 'absent'],
    ] as const) {
      expect(decorate(HandleCall(), owner, member)).toThrow(InvalidArgumentError);
      expect(decorate(OnRegister(), owner, member)).toThrow(`(got Owner.${String(member)})`);
    }
    expect(decorate(HandleCall(''), Owner.prototype, 'method')).toThrow(/Owner.method must have a name/);
  });
});
