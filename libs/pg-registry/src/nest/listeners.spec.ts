import { Injectable, Scope } from '@nestjs/common';
import { ProcessService } from '../process';
import {
  defineScope,
  type MembershipEvent,
  type Registered,
  type RegistryListener,
  type Unregistered,
} from '../scope';
import { InvalidOptionError } from '../term';
import { Applications } from './application.fixture';
import { OnMembership } from './decorators/on-membership.decorator';
import { OnRegister, OnUnregister } from './decorators/on-register.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

describe('listeners', () => {
  let applications: Applications;
  beforeEach(() => (applications = new Applications()));
  afterEach(() => applications.closeAll());

  @Injectable()
  class Audit implements RegistryListener {
    readonly events: unknown[] = [];
    onRegister({ scope, key, value }: Registered): void {
      this.events.push(['+', scope, key, value]);
    }
    onUnregister({ scope, key }: Unregistered): void {
      this.events.push(['-', scope, key]);
    }
  }

  describe('listener tokens', () => {
    const TOKEN = Symbol('audit');

    it.each([
      ['a class', Audit, { provide: Audit, useClass: Audit }],
      ['a symbol', TOKEN, { provide: TOKEN, useClass: Audit }],
      ['a string', 'audit', { provide: 'audit', useClass: Audit }],
    ])('a listener given by %s hears of every entry', async (_, token, provider) => {
      const scopes = [{ name: 'docs', listeners: [token] }];
      const app = await applications.start({ providers: [provider] }, { scopes });
      const other = await applications.start({}, { scopes: ['docs'] });
      other.registry('docs').register('far', 1);
      await app.seen('far', 1, 'docs');
      app.registry('docs').register('near').unregister();
      const { events } = app.context.get<typeof token, Audit>(token);
      expect(events).toEqual([
        ['+', 'docs', 'far', 1],
        ['+', 'docs', 'near', null],
        ['-', 'docs', 'near'],
      ]);
    });

    it('a listener token is skipped while no provider has it, or only a request-scoped one', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class PerRequest extends Audit {}
      const scopes = [{ name: 'docs', listeners: ['nobody', PerRequest, Audit] }];
      const app = await applications.start({ providers: [Audit, PerRequest] }, { scopes });
      app.registry('docs').register('k');
      expect(app.context.get(Audit).events).toHaveLength(1);
      expect(applications.logger.own).toEqual([]);
    });

    it('a listener token is resolved at each delivery', async () => {
      const made = [new Audit(), new Audit()];
      const current = { listener: made[0] };
      const scopes = [{ name: 'docs', listeners: ['audit'] }];
      const provider = {
        provide: 'audit',
        useValue: { onRegister: (entry: Registered) => current.listener.onRegister(entry) },
      };
      const app = await applications.start({ providers: [provider] }, { scopes });
      app.registry('docs').register('one');
      current.listener = made[1];
      app.registry('docs').register('other');
      expect(made.map(({ events }) => events.length)).toEqual([1, 1]);
    });

    it('what a listener throws is logged and affects nothing else', async () => {
      const broken = {
        onRegister: () => {
          throw new Error('deliberate');
        },
      };
      const scopes = [{ name: 'docs', listeners: [broken, Audit] }];
      const app = await applications.start({ providers: [Audit] }, { scopes });
      app.registry('docs').register('k');
      expect(app.context.get(Audit).events).toHaveLength(1);
      expect(applications.logger.own).toMatchObject([
        { level: 'error', message: expect.stringMatching(/deliberate/) as string },
      ]);
    });
  });

  describe('@OnRegister and @OnUnregister', () => {
    it('@OnRegister and @OnUnregister call methods for every entry of their scope, as the root process', async () => {
      const docs = defineScope('docs');
      @Injectable()
      @RegisterVia('pg', 'listener')
      class Listener {
        readonly events: unknown[] = [];
        readonly #processes: ProcessService;

        constructor(processes: ProcessService) {
          this.#processes = processes;
        }
        @OnRegister()
        @OnRegister(docs)
        came({ scope, key }: Registered): void {
          this.events.push(['+', scope, key, this.#processes.self().id]);
        }
        @OnUnregister('docs')
        went({ scope, key }: Unregistered): void {
          this.events.push(['-', scope, key, this.#processes.self().id]);
        }
      }
      const app = await applications.start({ providers: [Listener] }, { scopes: [docs] });
      const mine = app.processes.spawn();
      app.processes.run(mine, () => app.registry('docs').register('k'));
      mine.exit();
      const root = app.processes.self().id;
      expect(app.context.get(Listener).events).toEqual([
        ['+', 'pg', 'listener', root],
        ['+', 'docs', 'k', root],
        ['-', 'docs', 'k', root],
      ]);
    });

    it('@OnUnregister methods hear of the entries that leave when the application stops', async () => {
      @Injectable()
      @RegisterVia('pg', 'k')
      class Listener {
        readonly events: unknown[] = [];
        @OnUnregister()
        went({ key }: Unregistered): void {
          this.events.push(key);
        }
      }
      const app = await applications.start({ providers: [Listener] });
      await app.context.close();
      expect(app.context.get(Listener).events).toEqual(['k']);
    });

    it('what an @OnRegister method throws or rejects with is logged with class and method, and affects nothing else', async () => {
      @Injectable()
      class Broken {
        @OnRegister()
        throws(): void {
          throw new Error('at once');
        }
        @OnRegister()
        rejects(): Promise<void> {
          return Promise.reject(new Error('later'));
        }
      }
      const app = await applications.start({ providers: [Broken] });
      app.registry().register('k');
      await Promise.resolve();
      expect(applications.logger.own.map(({ message }) => message)).toEqual([
        'Broken.throws threw: at once',
        'Broken.rejects threw: later',
      ]);
    });
  });

  it('@OnMembership methods get the events of one key, the snapshot first, until the application stops', async () => {
    const events: unknown[] = [];
    @Injectable()
    class Follower {
      @OnMembership('pg', ['room', 1])
      follow(event: MembershipEvent): void {
        const entries = event.entries.map(({ value }) => value);
        events.push([event.type, entries]);
      }
    }
    @Injectable()
    @RegisterVia('pg', ['room', 1], 'provider')
    class Member {}
    const app = await applications.start({ providers: [Follower, Member] });
    const registration = app.registry().register(['room', 1], 'late');
    app.registry().register(['room', 2], 'elsewhere');
    registration.update('later');
    registration.unregister();
    await app.context.close();
    expect(events).toEqual([
      ['snapshot', []],
      ['join', ['provider']],
      ['join', ['late']],
      ['update', ['later']],
      ['leave', ['later']],
      ['leave', ['provider']],
    ]);
  });

  it.each([
    ['OnRegister', OnRegister('nowhere')],
    ['OnUnregister', OnUnregister('nowhere')],
    ['OnMembership', OnMembership('nowhere', 'k')],
  ])(
    '@%s of a scope that does not run fails the bootstrap, naming class and method',
    async (_, decorator) => {
      @Injectable()
      class Stray {
        @decorator
        hear(): void {}
      }
      const attempt = applications.start({ providers: [Stray] });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(/Stray.hear: .*'nowhere' is not running/);
    },
  );

  it('a listener on a request-scoped provider fails the bootstrap, naming class and method', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Momentary {
      @OnRegister()
      hear(): void {}
    }
    await expect(applications.start({ providers: [Momentary] })).rejects.toThrow(
      /Momentary.hear .*request-scoped/,
    );
  });
});
