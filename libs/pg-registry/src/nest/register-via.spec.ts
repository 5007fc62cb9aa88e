import { Controller, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { type CallContext, via } from '../calls';
import { ProcessService } from '../process';
import { defineScope } from '../scope';
import { AlreadyRegisteredError, InvalidOptionError } from '../term';
import { type Application, Applications } from './application.fixture';
import { HandleCall, HandleCast, HandleMessage } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

const unique = defineScope({ name: 'unique', keys: 'unique' });

describe('@RegisterVia', () => {
  let applications: Applications;
  beforeEach(() => (applications = new Applications()));
  afterEach(() => applications.closeAll());

  const pidsOf = (app: Application, key: string) => app.registry().members(key);

  it('registers a provider as a process of its own, with a value', async () => {
    @Injectable()
    @RegisterVia('pg', 'k', { version: 1 })
    class Worker {
      constructor(readonly processes: ProcessService) {}
      @HandleCall()
      self(): string {
        return String(this.processes.self());
      }
    }
    const app = await applications.start({ providers: [Worker] });
    const [{ pid, value }] = app.registry().lookup('k');
    expect(value).toEqual({ version: 1 });
    expect(pid).not.toBe(app.processes.self());
    expect(await app.processes.call(pid, 'self')).toBe(String(pid));
  });

  it('@RegisterVia takes keys and values that are functions of the instance, several times, in several scopes', async () => {
    @Injectable()
    @RegisterVia(unique, (self: Shop) => ['shop', self.name])
    @RegisterVia<Shop>('pg', 'shops', (self) => ({ name: self.name }))
    @RegisterVia('pg', 'shops')
    class Shop {
      readonly name = 'corner';
    }
    const app = await applications.start({ providers: [Shop] }, { scopes: [unique] });
    expect(app.registry().lookup('shops')).toMatchObject([{ value: { name: 'corner' } }, { value: null }]);
    expect(new Set(pidsOf(app, 'shops')).size).toBe(1);
    expect(app.registry('unique').whereis(['shop', 'corner'])).toBe(pidsOf(app, 'shops')[0]);
  });

  it('@RegisterVia registers controllers, values and what factories make; an instance under several tokens once', async () => {
    @Controller()
    @RegisterVia('pg', 'controller')
    class Cats {}
    @RegisterVia('pg', 'made')
    class Made {}
    const value = new Made();
    const app = await applications.start({
      controllers: [Cats],
      providers: [
        { provide: 'value', useValue: value },
        { provide: 'alias', useExisting: 'value' },
        { provide: 'again', useFactory: (same: Made) => same, inject: ['value'] },
        { provide: 'factory', useFactory: () => new Made() },
      ],
    });
    expect(pidsOf(app, 'controller')).toHaveLength(1);
    expect(pidsOf(app, 'made')).toHaveLength(2);
  });

  it('@RegisterVia does not register a subclass, unless it has a @RegisterVia of its own', async () => {
    @Injectable()
    @RegisterVia('pg', 'base')
    class Base {
      @HandleCall()
      name(): string {
        return this.constructor.name;
      }
    }
    @Injectable()
    @RegisterVia('pg', 'sub')
    class Sub extends Base {}
    const app = await applications.start({ providers: [Sub] });
    expect(app.registry().groups()).toEqual(['sub']);
    expect(await app.processes.call(via('pg', 'sub'), 'name')).toBe('Sub');
  });

  it('a registered provider handles calls concurrently, or one after the other if it is serial', async () => {
    class Recorder {
      readonly events: string[] = [];
      async record(name: string): Promise<void> {
        this.events.push(`${name} begins`);
        await Promise.resolve();
        await new Promise((resolve) => setImmediate(resolve));
        this.events.push(`${name} ends`);
      }
    }
    @Injectable()
    @RegisterVia('pg', 'concurrent')
    class Concurrent extends Recorder {
      @HandleCall()
      override record(name: string): Promise<void> {
        return super.record(name);
      }
    }
    @Injectable()
    @RegisterVia('pg', 'serial', null, { serial: true })
    class Serial extends Recorder {
      @HandleCall()
      override record(name: string): Promise<void> {
        return super.record(name);
      }
    }
    const app = await applications.start({ providers: [Concurrent, Serial] });
    for (const key of ['concurrent', 'serial']) {
      const [pid] = pidsOf(app, key);
      await Promise.all(['a', 'b'].map((name) => app.processes.call(pid, 'record', name)));
    }
    expect(app.context.get(Concurrent).events).toEqual(['a begins', 'b begins', 'a ends', 'b ends']);
    expect(app.context.get(Serial).events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('every call of a request-scoped provider or controller gets an instance of its own', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Session {
      readonly id = (made += 1);
      constructor(
        @Inject(REQUEST) readonly request: { readonly payload: unknown; readonly context: CallContext },
      ) {}
    }
    @Injectable()
    @RegisterVia('pg', 'provider', 'literal')
    class Cart {
      constructor(readonly session: Session) {}
      @HandleCall()
      add(_item: string, context: CallContext): unknown {
        const { id, request } = this.session;
        return [id, request.payload, request.context.caller === context.caller];
      }
    }
    @Controller({ scope: Scope.REQUEST })
    @RegisterVia('pg', 'controller')
    class Carts {
      constructor(readonly session: Session) {}
      @HandleCall()
      id(): number {
        return this.session.id;
      }
    }
    const app = await applications.start({ providers: [Session, Cart], controllers: [Carts] });
    expect(app.registry().lookup('provider')).toMatchObject([{ value: 'literal' }]);
    expect(made).toBe(0);
    const calls = ['pen', 'ink'].map((item) => app.processes.call(via('pg', 'provider'), 'add', item));
    expect(await Promise.all(calls)).toEqual([
      [1, 'pen', true],
      [2, 'ink', true],
    ]);
    expect(await app.processes.call(via('pg', 'controller'), 'id')).toBe(3);
  });

  it('a registered provider takes casts and messages', async () => {
    const received: unknown[] = [];
    @Injectable()
    @RegisterVia('pg', 'k')
    class Worker {
      @HandleCast('renamed')
      take(payload: unknown, { caller }: CallContext): void {
        received.push([payload, caller]);
      }
      @HandleMessage()
      hear(message: unknown): void {
        received.push(message);
      }
    }
    const app = await applications.start({ providers: [Worker] });
    const [pid] = pidsOf(app, 'k');
    app.processes.cast(via('pg', 'k'), 'renamed', 1);
    app.processes.send(pid, 'hello');
    await app.context.close();
    expect(received).toEqual([[1, app.processes.self()], 'hello']);
  });

  describe('failed bootstraps', () => {
    it('the bootstrap fails if a unique key is taken, and names holder and class', async () => {
      @Injectable()
      @RegisterVia(unique, 'leader')
      class First {}
      @Injectable()
      @RegisterVia(unique, 'leader')
      class Second {}
      const attempt = applications.start({ providers: [First, Second] }, { scopes: [unique] });
      await expect(attempt).rejects.toThrow(AlreadyRegisteredError);
      await expect(attempt).rejects.toThrow(/'leader'.*of Second.*First <.+>/);
    });

    it('an application starts although a unique key is taken on another node', async () => {
      @Injectable()
      @RegisterVia(unique, 'leader')
      class Leader {}
      await applications.start({ providers: [Leader] }, { scopes: [unique] });
      const app = await applications.start({ providers: [Leader] }, { scopes: [unique] });
      await app.seen('leader', 2, 'unique');
      expect(app.registry('unique').lookupLocal('leader')).toHaveLength(1);
    });

    it('the bootstrap fails on a transient provider with @RegisterVia, and names the class', async () => {
      @Injectable({ scope: Scope.TRANSIENT })
      @RegisterVia('pg', 'k')
      class Fleeting {}
      await expect(applications.start({ providers: [Fleeting] })).rejects.toThrow(/Fleeting is transient/);
    });

    it('the bootstrap fails on a key that is a function of the instance of a request-scoped provider', async () => {
      @Injectable({ scope: Scope.REQUEST })
      @RegisterVia('pg', () => 'k')
      class Momentary {}
      await expect(applications.start({ providers: [Momentary] })).rejects.toThrow(
        /Momentary is request-scoped/,
      );
    });

    it.each([
      [
        'a scope that does not run',
        () => RegisterVia('nowhere', 'k'),
        /of Owner: .*'nowhere' is not running/,
      ],
      ['a key without a normal form', () => RegisterVia('pg', new Date() as never), /of Owner: /],
      ['a value without a normal form', () => RegisterVia('pg', 'k', () => (() => 1) as never), /of Owner: /],
      [
        'a function that throws',
        () =>
          RegisterVia('pg', () => {
            throw new Error('deliberate');
          }),
        /of Owner: deliberate/,
      ],
    ])('fails the bootstrap on %s, naming the class', async (_, decorator, message) => {
      @Injectable()
      @decorator()
      class Owner {}
      const attempt = applications.start({ providers: [Owner] });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(message);
    });
  });

  it('@RegisterVia finds providers of every module, and makes one process for each instance', async () => {
    @Injectable()
    @RegisterVia('pg', 'k')
    class Shared {}
    @Module({ providers: [Shared] })
    class One {}
    @Module({ providers: [Shared], exports: [Shared] })
    class Two {}
    @Module({ imports: [Two] })
    class Three {}
    const app = await applications.start({ imports: [One, Two, Three] });
    expect(pidsOf(app, 'k')).toHaveLength(2);
  });

  it('the process of a registered provider ends with the application, for the reason shutdown', async () => {
    @Injectable()
    @RegisterVia('pg', 'k')
    class Worker {}
    const app = await applications.start({ providers: [Worker] });
    const [pid] = pidsOf(app, 'k');
    const ended = new Promise((resolve) => app.processes.monitor(pid).subscribe(resolve));
    await app.context.close();
    expect(await ended).toEqual({ pid, reason: 'shutdown' });
  });
});
