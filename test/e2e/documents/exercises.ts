import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import {
  ClusterNames,
  EntityService,
  getRegistryToken,
  PgRegistryModule,
  PgRegistryNode,
  PgRegistryService,
  ProcessService,
  type Registration,
} from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { elixirExercises } from './elixir.exercises';
import { type Exercise, expectPromised, printsWhatItPromises, type RegistryFunctions } from './exercise';
import { operationsExercises } from './operations.exercises';

/** By the id of the block: see `CodeBlock`. */
export const exercises: Readonly<Record<string, Exercise>> = {
  'docs/guide/processes-and-names.md#providers-as-processes': async (harness) => {
    const { AppModule, Renderer } = harness.app.exports;
    const app = await harness.start(AppModule);
    expect(app.get<object>(Renderer)).toEqual({ version: 3 });
    expect(app.get<PgRegistryService>(getRegistryToken('workers')).lookup('render')).toMatchObject([
      { value: { version: 3 } },
    ]);
  },

  'docs/guide/processes-and-names.md#calling': async (harness) => {
    const { Pages } = harness.run<{ Pages: Type<PagesClass> }>().exports;
    const { AppModule, Renderer } = harness.app.exports;
    const { app } = await harness.surround({ providers: [Renderer, Pages] }, { name: 'workers' });
    expect(AppModule).toBeDefined();
    await expect(app.get(Pages).size('<p>', 'Ada')).resolves.toBe(3);
    await expect(app.get(Pages).sizeWithTypes('<br>')).resolves.toBe(4);
  },

  'docs/guide/processes-and-names.md#calling 2': async (harness) => {
    const { LibraryModule } = harness.run<{ LibraryModule: Type }>().exports;
    const app = await NestFactory.create(LibraryModule, { logger: ['error', 'fatal'] });
    try {
      await app.listen(0, '127.0.0.1');
      const response = await fetch(`${await app.getUrl()}/books/7`);
      expect([response.status, await response.json()]).toEqual([
        404,
        { message: 'There is no book 7.', error: 'Not Found', statusCode: 404 },
      ]);
    } finally {
      await app.close();
    }
  },

  'docs/guide/processes-and-names.md#one-process-per-thing': async (harness) => {
    const { DocumentsModule, Documents } = harness.run<{
      DocumentsModule: Type;
      Documents: Type<{ open(id: string): Promise<string> }>;
    }>().exports;
    const app = await harness.start(DocumentsModule);
    await expect(app.get(Documents).open('a')).resolves.toBe('document a');
    await expect(app.get(Documents).open('a')).resolves.toBe('document a');
  },

  'docs/guide/processes-and-names.md#by-hand': async (harness) => {
    const { registry, processes } = await harness.surround();
    await harness.run<RegistryFunctions>().exports.byHand(registry, processes);
    expect(registry.count()).toBe(0);
  },

  'docs/guide/entities.md': async (harness) => {
    const block = harness.run<{ DocumentsModule: Type; twoEdits(entities: EntityService): Promise<void> }>();
    const app = await harness.start(block.exports.DocumentsModule);
    await block.exports.twoEdits(app.get(EntityService));
    expectPromised(block);
  },

  'docs/guide/data.md#dtos': async (harness) => {
    const block = harness.run<{ OrdersModule: Type; totals(processes: ProcessService): Promise<void> }>();
    const app = await harness.start(block.exports.OrdersModule);
    await block.exports.totals(app.get(ProcessService));
    expectPromised(block);
  },

  'docs/guide/queries.md': (harness) => printsWhatItPromises(harness, 'queries'),

  'docs/guide/queries.md 2': async (harness) => {
    const { registry, processes } = await harness.surround();
    const block = harness.run<RegistryFunctions>();
    await block.exports.liveQuery(registry, processes);
    expect(block.printed).toEqual(['', '+ada', '-ada']);
  },

  'docs/guide/monitors.md': async (harness) => {
    const { registry } = await harness.surround();
    const block = harness.run<{ follow(registry: PgRegistryService): () => void }>();
    const stop = block.exports.follow(registry);
    const registration = registry.register('workers', 1);
    registration.update(2);
    registration.unregister();
    stop();
    const change = (type: string) => `${type} ${registration.pid} call`;
    const monitored = ['0', change('join'), '1 2', change('leave')];
    const watched = ['0', '1', '1', '0'];
    // The order of two observers is not promised.
    expect(block.printed.toSorted()).toEqual([...monitored, ...watched].toSorted());
  },

  'docs/guide/monitors.md 2': async (harness) => {
    const block = harness.run<{ Watcher: Type }>();
    const { registry } = await harness.surround({ providers: [block.exports.Watcher] }, { name: 'workers' });
    const { pid } = registry.register('render', 7);
    expect(block.printed).toEqual([`render ${String(pid)} 7`]);
  },

  'docs/guide/one-in-the-cluster.md': async (harness) => {
    const { Reports } = harness.run<{ Reports: Type<ReportsClass> }>().exports;
    const { app } = await harness.surround({ providers: [Reports] }, { name: 'workers' });
    const tokens: number[] = [];
    const write = (token: number): void => void tokens.push(token);
    await expect(app.get(Reports).runOnce(write)).resolves.toBe('done');
    await app.get(Reports).runInTurn(write);
    expect(tokens[1]).toBeGreaterThan(tokens[0]);
    const claim = await app.get(ClusterNames).claim('reports');
    await expect(app.get(Reports).runOnce(write)).resolves.toBeUndefined();
    await claim.release();
  },

  'docs/guide/one-in-the-cluster.md#a-leader-and-its-jobs': async (harness) => {
    const { Database, Newsletter } = harness.run<{
      Database: Type;
      Newsletter: Type<{ send(): Promise<'sent' | undefined> }>;
    }>().exports;
    const row = { token: 0, tick: 0 };
    const update = async (_sql: string, [token, tick]: number[]): Promise<number> => {
      if (token < row.token || tick <= row.tick) return 0;
      Object.assign(row, { token, tick });
      return await Promise.resolve(1);
    };
    const providers = [Newsletter, { provide: Database, useValue: { update } }];
    const { app } = await harness.surround({ imports: [ScheduleModule.forRoot()], providers });
    const names = app.get(ClusterNames);
    await eventually(() => names.held('newsletter') !== undefined);
    await expect(app.get(Newsletter).send()).resolves.toBe('sent');
    expect(row.token).toBe(names.held('newsletter')?.token);
    row.tick += 1; // as if the clock had not moved on, whatever it does
    await expect(app.get(Newsletter).send()).resolves.toBeUndefined();
  },

  'docs/guide/one-in-the-cluster.md#a-service-with-one-active-instance': async (harness) => {
    const block = harness.run<{
      PlanStore: Type;
      Scheduler: Type;
      Jobs: Type<{ add(job: string): Promise<number> }>;
    }>();
    const { PlanStore, Scheduler, Jobs } = block.exports;
    const tokens: number[] = [];
    const saved: string[] = [];
    const store = {
      load: async (token: number): Promise<string[]> => (tokens.push(token), await Promise.resolve([])),
      save: async (plan: readonly string[], token: number): Promise<void> => {
        saved.push(`${plan.join()} ${token === tokens[0]}`);
        await Promise.resolve();
      },
    };
    const { app } = await harness.surround({
      providers: [Scheduler, Jobs, { provide: PlanStore, useValue: store }],
    });
    await expect(app.get(Jobs).add('mail')).resolves.toBe(1);
    await expect(app.get(Jobs).add('post')).resolves.toBe(2);
    expect(saved).toEqual(['mail true', 'mail,post true']);
    await app.close();
    expectPromised(block);
  },

  'docs/guide/recipes.md#several-nodes-in-one-process': async (harness) => {
    const block = harness.run<{ twoNodes(): Promise<void> }>();
    await block.exports.twoNodes();
    expectPromised(block);
  },

  'docs/guide/recipes.md#keys-and-values-with-types': async (harness) => {
    const { Sessions } = harness.run<{ Sessions: Type<{ open(user: string): Registration }> }>().exports;
    const { app } = await harness.surround({ providers: [Sessions] }, { name: 'sessions', keys: 'unique' });
    expect(app.get(Sessions).open('ada')).toMatchObject({ key: ['user', 'ada'], value: { since: 1 } });
  },

  'docs/guide/recipes.md#server-sent-events-and-gateways': async (harness) => {
    const { EventsController } = harness.run<{ EventsController: Type }>().exports;
    @Module({ imports: [PgRegistryModule.forRoot()], controllers: [EventsController] })
    class EventsModule {}
    const app = await NestFactory.create(EventsModule, { logger: ['error'], forceCloseConnections: true });
    try {
      await app.listen(0, '127.0.0.1');
      const { body } = await fetch(`${await app.getUrl()}/events/rooms`);
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      while (!text.includes('"members":0')) text += (await reader.read()).value ?? '';
      app.get(PgRegistryService).register('rooms');
      while (!text.includes('"members":1')) text += (await reader.read()).value ?? '';
      expect(text).toContain('data: {"members":1}');
    } finally {
      await app.close();
    }
  },

  'docs/guide/testing.md#jest-vitest-and-bundlers': async (harness) => {
    const { ClusterModule } = harness.run<{ ClusterModule: Type }>().exports;
    const app = await harness.start(ClusterModule);
    expect(app.get(PgRegistryNode).stats().connected).toBe(true);
  },

  'docs/guide/testing.md': async (harness) => {
    const tests: (() => Promise<void>)[] = [];
    harness.run<object>({
      test: (_title: string, body: () => Promise<void>) => void tests.push(body),
      expect,
    });
    expect(tests).toHaveLength(1);
    for (const body of tests) await body();
  },

  ...operationsExercises,
  ...elixirExercises,
};

interface PagesClass {
  size(html: string, user: string): Promise<number>;
  sizeWithTypes(html: string): Promise<number>;
}

interface ReportsClass {
  runOnce(write: (token: number) => void): Promise<'done' | undefined>;
  runInTurn(write: (token: number) => void): Promise<void>;
}
