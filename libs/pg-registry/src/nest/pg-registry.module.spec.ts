import { ConsoleLogger, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy } from '@nestjs/microservices';
import { PgRegistryNode } from '../node';
import { ProcessService } from '../process';
import { defineScope, PgRegistryService, type RegistryOf, type Row } from '../scope';
import { InvalidOptionError, type Pid } from '../term';
import { localTransport } from '../transport/local';
import { Application, Applications, rootModule } from './application.fixture';
import { InjectRegistryClient, PgRegistryClient, PgRegistryServer } from './optional-microservice';
import { PgRegistryModule } from './pg-registry.module';
import type { ScopeInput } from './pg-registry.module-definition';
import { getRegistryToken, InjectRegistry, InjectRegistryNode } from './tokens';

const docs = defineScope<Row<readonly ['doc', string], number>>({ name: 'docs', keys: 'unique' });

describe('PgRegistryModule', () => {
  let applications: Applications;
  beforeEach(() => (applications = new Applications()));
  afterEach(() => applications.closeAll());

  describe('injection', () => {
    @Injectable()
    class Consumer {
      seenInConstructor: readonly unknown[];
      constructor(
        readonly registry: PgRegistryService,
        @InjectRegistry() readonly same: PgRegistryService,
        @InjectRegistry('workers') readonly workers: PgRegistryService,
        @InjectRegistry(docs) readonly typed: RegistryOf<typeof docs>,
        readonly node: PgRegistryNode,
        @InjectRegistryNode() readonly sameNode: PgRegistryNode,
        readonly processes: ProcessService,
      ) {
        registry.register('early', 1);
        this.seenInConstructor = registry.lookup('early');
      }
    }

    it('the module injects the registry of each scope by its token, the default one by its class, the node and the processes', async () => {
      const app = await applications.start({ providers: [Consumer] }, { scopes: ['workers', docs] });
      const consumer = app.context.get(Consumer);
      expect(consumer.registry.scope).toBe('pg');
      expect(consumer.same).toBe(consumer.registry);
      expect(consumer.workers.scope).toBe('workers');
      expect(consumer.typed).toBe(app.node.scope('docs'));
      expect(consumer.typed.keysMode).toBe('unique');
      expect(consumer.sameNode).toBe(consumer.node);
      expect(consumer.processes).toBe(consumer.node.processes);
    });

    it('the module injects registries that work in constructors; entries written there travel with the first sync', async () => {
      const witness = await applications.start();
      const app = await applications.start({ providers: [Consumer] }, { scopes: ['workers', docs] });
      expect(app.context.get(Consumer).seenInConstructor).toMatchObject([{ key: 'early', value: 1 }]);
      await witness.seen('early', 1);
    });

    it('getRegistryToken returns the class itself for the default scope', () => {
      expect(getRegistryToken()).toBe(PgRegistryService);
      expect(getRegistryToken('pg')).toBe(PgRegistryService);
      expect(getRegistryToken('docs')).toBe(getRegistryToken(docs));
      expect(() => getRegistryToken('')).toThrow(InvalidOptionError);
    });

    it('injection fails for a scope that nobody named, naming the scope', async () => {
      @Injectable()
      class Stray {
        constructor(@InjectRegistry('nowhere') readonly registry: PgRegistryService) {}
      }
      await expect(applications.start({ providers: [Stray] })).rejects.toThrow(/nowhere/);
    });
  });

  describe('forRoot', () => {
    it('forRoot works without options: a node of its own, in this process only', async () => {
      const [a, b] = [
        await applications.startModule({ imports: [PgRegistryModule.forRoot()] }),
        await applications.startModule({ imports: [PgRegistryModule.forRoot()] }),
      ];
      a.registry().register('k');
      await a.registry().replicated();
      expect(a.node.name).not.toBe(b.node.name);
      expect(a.node.peers()).toEqual([]);
      expect(b.registry().count()).toBe(0);
    });

    it('forRoot provides the microservice transport and its client to every module', async () => {
      @Injectable()
      class Caller {
        constructor(
          readonly server: PgRegistryServer,
          readonly client: PgRegistryClient,
          @InjectRegistryClient() readonly same: ClientProxy,
        ) {}
      }
      const { context } = await applications.start({ providers: [Caller] });
      const { server, client, same } = context.get(Caller);
      expect([server, client]).toEqual([expect.any(PgRegistryServer), expect.any(ClientProxy)]);
      expect([context.get(PgRegistryServer), same]).toEqual([server, client]);
    });

    it('forRoot sets the options of the default scope if scopes names it', async () => {
      const app = await applications.start(
        {},
        { scopes: [{ name: 'pg', keys: 'unique', meta: { version: 7 } }] },
      );
      expect(app.registry().keysMode).toBe('unique');
      expect(app.registry().meta('version')).toBe(7);
    });

    it.each([
      [{ namespcae: 'x' }, /'namespcae'.*namespace/],
      [{ node: '' }, /'node'/],
      [{ peerTimeoutMs: -1 }, /peerTimeoutMs/],
      [{ scopes: [{ name: 'docs', keys: 'many' }] }, /'keys'.*'duplicate'.*'unique'/],
      [{ scopes: [{ name: 'docs', partitions: 2 }] }, /partitions/],
    ])('forRoot refuses %j, naming the invalid option and valid ones', async (options, message) => {
      const attempt = applications.start({}, options as object);
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(message);
    });

    it('forRoot throws at once if scopes is not a list', () => {
      expect(() => PgRegistryModule.forRoot({ scopes: 'docs' as never })).toThrow(InvalidOptionError);
    });

    it('forRoot may be called once in an application', async () => {
      @Module({ imports: [PgRegistryModule.forRoot()] })
      class Library {}
      const attempt = applications.start({ imports: [Library] });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(/twice.*forFeature/s);
    });

    it('the module of one forRoot call may be imported in several places', async () => {
      const root = PgRegistryModule.forRoot();
      @Module({ imports: [root] })
      class Library {}
      const app = await applications.startModule({ imports: [root, Library] });
      expect(app.node.state).toBe('ready');
    });
  });

  describe('forRootAsync', () => {
    const NAME = Symbol('name');
    @Module({ providers: [{ provide: NAME, useValue: 'configured' }], exports: [NAME] })
    class Configuration {}

    @Injectable()
    class Options {
      readonly #node: string;

      constructor(@Inject(NAME) node: string) {
        this.#node = node;
      }
      createPgRegistryOptions() {
        return { node: this.#node };
      }
    }

    @Module({ imports: [Configuration], providers: [Options], exports: [Options] })
    class OptionsModule {}

    it.each([
      ['a factory', { imports: [Configuration], inject: [NAME], useFactory: (node: string) => ({ node }) }],
      ['an asynchronous factory', { useFactory: () => Promise.resolve({ node: 'configured' }) }],
      ['a class', { imports: [Configuration], useClass: Options }],
      ['an existing provider', { imports: [OptionsModule], useExisting: Options }],
    ])('forRootAsync takes options from %s, and scopes from beside it', async (_, options) => {
      const module = PgRegistryModule.forRootAsync({ scopes: [docs], ...options });
      const app = await applications.startModule({ imports: [module] });
      expect(app.node.name).toBe('configured');
      expect(app.registry('docs').keysMode).toBe('unique');
    });

    it('forRootAsync refuses a factory that returns undefined', async () => {
      const module = PgRegistryModule.forRootAsync({ useFactory: () => undefined as never });
      const attempt = applications.startModule({ imports: [module] });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(/must return an object of options.*got undefined/);
    });

    it('forRootAsync refuses scopes from the factory, because their tokens are made before it runs', async () => {
      const module = PgRegistryModule.forRootAsync({ useFactory: () => ({ scopes: ['docs'] }) as object });
      const attempt = applications.startModule({ imports: [module] });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(/beside/);
    });

    it('forRootAsync aborts the start with the error of the factory', async () => {
      const module = PgRegistryModule.forRootAsync({
        useFactory: () => {
          throw new Error('no configuration');
        },
      });
      await expect(applications.startModule({ imports: [module] })).rejects.toThrow('no configuration');
    });
  });

  describe('forFeature', () => {
    const feature = (...scopes: ScopeInput[]) => {
      @Module({ imports: [PgRegistryModule.forFeature(...scopes)] })
      class Feature {}
      return Feature;
    };

    it('forFeature provides scopes to the module that imports it, and starts them', async () => {
      @Injectable()
      class Worker {
        constructor(@InjectRegistry('jobs') readonly jobs: PgRegistryService) {}
      }
      @Module({ imports: [PgRegistryModule.forFeature('jobs')], providers: [Worker] })
      class Jobs {}
      const app = await applications.start({ imports: [Jobs] });
      expect(app.context.get(Worker).jobs).toBe(app.node.scope('jobs'));
      expect(app.node.scope('jobs').keysMode).toBe('duplicate');
    });

    it.each([
      ['equal options', docs, { name: 'docs', keys: 'unique' as const }],
      ['its name first', 'docs', docs],
      ['its name second', docs, 'docs'],
    ])('a scope that two modules name by %s is one scope', async (_, one, two) => {
      const app = await applications.start({ imports: [feature(one), feature(two)] });
      expect(app.node.scope('docs').keysMode).toBe('unique');
    });

    it('forFeature gives the options of a scope that forRoot only names', async () => {
      const app = await applications.start({ imports: [feature(docs)] }, { scopes: ['docs'] });
      expect(app.registry('docs').keysMode).toBe('unique');
    });

    it('forFeature refuses different options in two modules, naming both', async () => {
      const attempt = applications.start({
        imports: [feature({ name: 'docs', keys: 'unique' }), feature({ name: 'docs', keys: 'duplicate' })],
      });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(/'docs'.*'unique'.*'duplicate'/);
    });
  });

  it('keeps two applications in one process apart', async () => {
    const pids: Pid[] = [];
    for (const namespace of ['one', 'two']) {
      const app = await applications.start({}, { node: 'same', namespace, scopes: [docs] });
      pids.push(app.registry('docs').register(['doc', 'a'], 1).pid);
    }
    expect(pids[0]).not.toEqual(pids[1]);
    expect(new Set(pids.map(({ incarnation }) => incarnation)).size).toBe(2);
  });

  it("logs under the context of the scope that a line is about, also with Nest's own logger", async () => {
    const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const listener = { onRegister: () => Promise.reject(new Error('deliberate')) };
    const context = await NestFactory.createApplicationContext(
      rootModule({
        imports: [
          PgRegistryModule.forRoot({
            transport: localTransport(),
            scopes: [{ name: 'docs', listeners: [listener] }],
          }),
        ],
      }),
      { logger: new ConsoleLogger({ colors: false, logLevels: ['error'] }) },
    );
    for (let i = 0; i < 3; i += 1) new Application(context).registry('docs').register('k');
    await context.close();
    const lines = written.mock.calls.map(([line]) => String(line)).join('');
    written.mockRestore();
    expect(
      lines.match(/ERROR \[PgRegistry:docs\] onRegister of a listener of scope 'docs' failed.*deliberate/g),
    ).toHaveLength(1);
    expect(lines).not.toMatch(/undefined/);
  });
});
