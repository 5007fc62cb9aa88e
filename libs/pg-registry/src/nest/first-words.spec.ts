import { Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { via } from '../calls';
import { AlreadyRegisteredError, InvalidArgumentError } from '../term';
import { Applications, MemoryLogger, rootModule } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { OnRegister } from './decorators/on-register.decorator';
import { RegisterVia } from './decorators/register-via.decorator';
import { InjectRegistry } from './tokens';
import type { PgRegistryService } from '../scope';

describe('what an application is told when something is missing', () => {
  let applications: Applications;
  beforeEach(() => (applications = new Applications()));
  afterEach(() => applications.closeAll());

  it('an injected registry of a scope that nobody named explains what to write', async () => {
    @Injectable()
    class Desk {
      constructor(@InjectRegistry('wrokers') readonly registry: PgRegistryService) {}
    }
    await expect(applications.start({ providers: [Desk] }, { scopes: ['workers'] })).rejects.toThrow(
      "PgRegistryService of scope 'wrokers' (name the scope in PgRegistryModule.forRoot({ scopes: ['wrokers'] }), or import " +
        "PgRegistryModule.forFeature('wrokers') in this module)",
    );
  });

  it('@RegisterVia in an application without forRoot is a warning', async () => {
    @Injectable()
    @RegisterVia('pg', 'desk')
    @RegisterVia('pg', 'counter')
    class Desk {}
    const logger = new MemoryLogger();
    const context = await NestFactory.createApplicationContext(rootModule({ providers: [Desk] }), { logger });
    try {
      expect(logger.own).toEqual([
        {
          level: 'warn',
          context: 'PgRegistry',
          message:
            'Desk has @RegisterVia, but this application has no registry, so nobody can find or call it. Import ' +
            'PgRegistryModule.forRoot(…) in the root module.',
        },
      ]);
      expect(Reflect.ownKeys(context.get(Desk))).toEqual([]);
    } finally {
      await context.close();
    }
    expect(Reflect.ownKeys(new Desk())).toEqual([]);
  });

  it('@RegisterVia in an application with forRoot warns of nothing, a subclass without the decorator neither', async () => {
    @Injectable()
    @RegisterVia('pg', 'desk')
    class Desk {}
    @Injectable()
    class Counter extends Desk {}
    await applications.start({ providers: [Desk, Counter] });
    const logger = new MemoryLogger();
    const context = await NestFactory.createApplicationContext(rootModule({ providers: [Counter] }), {
      logger,
    });
    await context.close();
    expect([...applications.logger.own, ...logger.own].filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('via() and @RegisterVia without a key are refused, and name the default scope', () => {
    const loosely =
      (fn: unknown, ...args: unknown[]) =>
      () =>
        Reflect.apply(fn as () => unknown, undefined, args);
    expect(loosely(via, 'h')).toThrow(InvalidArgumentError);
    expect(loosely(via, 'h')).toThrow("(got only 'h'). A key of the default scope is via('pg', 'h').");
    expect(loosely(RegisterVia, 'h')).toThrow(InvalidArgumentError);
    expect(loosely(RegisterVia, 'h')).toThrow("A key of the default scope is @RegisterVia('pg', 'h').");
  });
});

describe('a lazily loaded module', () => {
  let applications: Applications;
  beforeEach(() => (applications = new Applications()));
  afterEach(() => applications.closeAll());

  let heard: unknown[];

  @Injectable()
  @RegisterVia('pg', 'late')
  class Late {
    @HandleCall()
    hello(): string {
      return 'here';
    }
  }
  @Injectable()
  class Listener {
    @OnRegister()
    on({ key }: { key: unknown }): void {
      heard.push(key);
    }
  }
  @Module({ providers: [Listener] })
  class InnerModule {}
  @Module({ imports: [InnerModule], providers: [Late] })
  class LateModule {}

  it('node.mount() registers what a lazily loaded module and its imports bring, once', async () => {
    heard = [];
    const app = await applications.start();
    const load = () => app.context.get(LazyModuleLoader).load(() => LateModule);
    const moduleRef = await load();
    expect(app.registry().lookup('late')).toEqual([]);
    app.node.mount(moduleRef);
    app.node.mount(await load());
    expect(app.registry().lookup('late')).toHaveLength(1);
    expect(heard).toEqual(['late']);
    await expect(app.processes.call(via('pg', 'late'), 'hello')).resolves.toBe('here');
    await app.context.close();
    expect(app.processes.self()).toBeDefined();
  });

  it('node.mount() of a key that is taken mounts nothing of the module', async () => {
    heard = [];
    const app = await applications.start({}, { scopes: [{ name: 'pg', keys: 'unique' }] });
    app.registry().register('late');
    const moduleRef = await app.context.get(LazyModuleLoader).load(() => LateModule);
    expect(() => app.node.mount(moduleRef)).toThrow(AlreadyRegisteredError);
    app.registry().unregister('late');
    app.registry().register('other');
    expect(heard).toEqual([]);
    app.node.mount(moduleRef);
    expect(heard).toEqual(['late']);
  });

  it('node.mount() refuses what is no ModuleRef', async () => {
    const app = await applications.start();
    expect(() => app.node.mount(LateModule)).toThrow(
      'mount() must be given the ModuleRef of a loaded module: node.mount(await lazyModuleLoader.load(() => LazyModule)) ' +
        '(got a function). Nothing was mounted.',
    );
  });
});
