import {
  Controller,
  Global,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
  Scope,
  type Type,
} from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { filter, firstValueFrom } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { PgRegistryNode } from '../node';
import { ProcessService } from '../process';
import { via } from '../calls';
import { PgRegistryService } from '../scope';
import { TransportError } from '../term';
import type { Transport } from '../transport';
import { localTransport } from '../transport/local';
import { Application, Applications, rootModule } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';
import { PgRegistryModule } from './pg-registry.module';

/** What happened, in order. Each test begins with an empty one. */
let events: string[] = [];

/** A module with a provider that notes what it sees of the node in each of its hooks. */
function observer(name: string): Type {
  @Injectable()
  class Observer implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
    readonly #node: PgRegistryNode;
    readonly #registry: PgRegistryService;
    readonly #processes: ProcessService;

    constructor(node: PgRegistryNode, registry: PgRegistryService, processes: ProcessService) {
      this.#node = node;
      this.#registry = registry;
      this.#processes = processes;

      this.#note('constructor');
    }
    onModuleInit(): void {
      this.#note('init');
    }
    onApplicationBootstrap(): void {
      this.#note('bootstrap');
    }
    async onModuleDestroy(): Promise<void> {
      await this.#call('destroy');
    }
    async beforeApplicationShutdown(): Promise<void> {
      await this.#call('before closing');
    }
    async onApplicationShutdown(): Promise<void> {
      await this.#call('shutdown');
    }
    #note(hook: string): void {
      events.push(`${name} ${hook}: ${this.#node.state}, ${this.#registry.countLocal()} registered`);
    }
    async #call(hook: string): Promise<void> {
      const answer: unknown = await this.#processes.call(via('pg', 'helper'), 'help').catch(String);
      this.#note(`${hook}: ${String(answer)}`);
    }
  }
  @Module({ providers: [Observer] })
  class Observed {}
  return Observed;
}

@Injectable()
@RegisterVia('pg', 'late')
class Late {
  readonly #registry: PgRegistryService;

  constructor(registry: PgRegistryService) {
    this.#registry = registry;
  }
  onModuleDestroy(): void {
    events.push(`Late destroyed: ${this.#registry.countLocal()} registered`);
  }
  @HandleCall()
  greet(): string {
    return 'hello';
  }
}

@Injectable()
@RegisterVia('pg', 'helper')
class Helper {
  @HandleCall()
  help(): string {
    return 'helped';
  }
}

describe('the life of an application', () => {
  let applications: Applications;
  beforeEach(() => {
    applications = new Applications();
    events = [];
  });
  afterEach(() => applications.closeAll());

  it('a node connects before any other module starts, registers after all of them, and leaves in reverse', async () => {
    const helper = await applications.start({ providers: [Helper] });
    const [Feature, GlobalBefore, GlobalAfter] = ['feature', 'global before', 'global after'].map(observer);
    Global()(GlobalBefore);
    Global()(GlobalAfter);
    const registry = PgRegistryModule.forRoot({ transport: localTransport({ bus: applications.bus }) });
    const app = await applications.startModule({
      imports: [GlobalBefore, registry, GlobalAfter, Feature],
      providers: [Late],
    });
    await helper.seen('late', 1);
    expect(await helper.processes.call(via('pg', 'late'), 'greet')).toBe('hello');
    await app.context.close();

    const names = ['global before', 'global after', 'feature'];
    const at = (hook: string) => events.filter((event) => event.includes(` ${hook}`));
    expect(at('constructor')).toHaveLength(3);
    expect(at('init')).toEqual(names.map((name) => `${name} init: ready, 0 registered`));
    expect(at('bootstrap')).toEqual(names.map((name) => `${name} bootstrap: ready, 0 registered`));
    for (const hook of ['destroy', 'before closing', 'shutdown']) {
      expect(new Set(at(`${hook}:`))).toEqual(
        new Set(names.map((name) => `${name} ${hook}: helped: draining, 0 registered`)),
      );
    }
    expect(events.find((event) => event.startsWith('Late'))).toBe('Late destroyed: 0 registered');
    expect(app.node.state).toBe('stopped');
    expect(helper.node.peers()).toEqual([]);
  });

  it('no call reaches a provider before the last onApplicationBootstrap has ended', async () => {
    const witness = await applications.start();
    let release!: () => void;
    const slow = new Promise<void>((resolve) => (release = resolve));
    let reached!: () => void;
    const bootstrapping = new Promise<void>((resolve) => (reached = resolve));
    @Injectable()
    class Slow {
      async onApplicationBootstrap(): Promise<void> {
        reached();
        await slow;
      }
    }
    const starting = applications.start({ providers: [Slow, Late] });
    await bootstrapping;
    await expect(witness.processes.call(via('pg', 'late'), 'greet')).rejects.toMatchObject({
      code: 'NOT_REGISTERED',
    });
    release();
    await starting;
    await witness.seen('late', 1);
  });

  it('the start of an application is aborted if there is no connection', async () => {
    const transport: Transport = {
      kind: 'refusing',
      connect: ({ timeoutMs }) => Promise.reject(new TransportError(`No server within ${timeoutMs} ms.`)),
    };
    const attempt = applications.start(
      { imports: [observer('other')] },
      { transport, connectTimeoutMs: 1234 },
    );
    await expect(attempt).rejects.toThrow(TransportError);
    await expect(attempt).rejects.toThrow('within 1234 ms');
    expect(events.filter((event) => event.includes('init'))).toEqual([]);
  });

  it('a node that stops tells peers first, and lets calls in flight finish before anything is destroyed', async () => {
    let finish!: () => void;
    const work = new Promise<string>((resolve) => (finish = () => resolve('done')));
    @Controller()
    @RegisterVia('pg', 'worker')
    class Worker {
      @HandleCall()
      async work(): Promise<string> {
        events.push('working');
        const result = await work;
        events.push('done');
        return result;
      }
      onModuleDestroy(): void {
        events.push('destroyed');
      }
    }
    const [app, caller] = [await applications.start({ controllers: [Worker] }), await applications.start()];
    await caller.seen('worker', 1);
    const answer = caller.processes.call(via('pg', 'worker'), 'work');
    await caller.registry().replicated();
    const closing = app.context.close();
    await firstValueFrom(caller.node.peers$.pipe(filter(([peer]) => peer?.state === 'draining')));
    expect(app.node.state).toBe('draining');
    expect(caller.registry().count()).toBe(1);
    finish();
    expect(await answer).toBe('done');
    await closing;
    expect(events).toEqual(['working', 'done', 'destroyed']);
  });

  it('a process of a class keeps its name until its onProcessExit is over when the node stops', async () => {
    let saved!: () => void;
    const saving = new Promise<void>((resolve) => (saved = resolve));
    @Injectable({ scope: Scope.TRANSIENT })
    class Draft {
      async onProcessExit(reason: string): Promise<void> {
        events.push(`saving after ${reason}`);
        await saving;
        events.push('saved');
      }
    }
    const scopes = [{ name: 'drafts', keys: 'unique' as const }];
    const app = await applications.start({ providers: [Draft] }, { scopes });
    const other = await applications.start({}, { scopes });
    await app.processes.start(Draft, { via: via('drafts', 'a') });
    await other.seen('a', 1, 'drafts');
    const closing = app.context.close();
    await eventually(() => expect(events).toEqual(['saving after shutdown']));
    await app.registry('drafts').replicated();
    expect(other.registry('drafts').count()).toBe(1);
    saved();
    await closing;
    await other.seen('a', 0, 'drafts');
    expect(events).toEqual(['saving after shutdown', 'saved']);
  });

  it('a node that stops waits at most drainMs for calls in flight, and logs it', async () => {
    @Injectable()
    @RegisterVia('pg', 'worker')
    class Stuck {
      @HandleCall()
      work(): Promise<never> {
        return new Promise(() => undefined);
      }
    }
    const app = await applications.start({ providers: [Stuck] }, { drainMs: 1 });
    const call = app.processes.call(via('pg', 'worker'), 'work');
    const failed = call.catch((error: unknown) => error);
    await app.context.close();
    expect(await failed).toMatchObject({ code: 'PROCESS_EXITED', reason: 'shutdown' });
    expect(applications.logger.own.map(({ message }) => message).join()).toMatch(
      /1 calls were still being handled/,
    );
  });

  it('an application may be closed several times, also concurrently', async () => {
    const app = await applications.start({ providers: [Late] });
    await Promise.all([app.context.close(), app.context.close()]);
    await app.context.close();
    expect(app.node.state).toBe('stopped');
  });

  it('a node leaves nothing behind if the application is closed before it has started', async () => {
    const context = await NestFactory.create(
      rootModule({ imports: [PgRegistryModule.forRoot()], providers: [Late] }),
      { logger: false, abortOnError: false },
    );
    await context.close();
    expect(context.get(PgRegistryNode).state).toBe('stopped');
  });

  it('a node leaves the cluster if another module fails to start and the application is closed', async () => {
    @Injectable()
    class Broken {
      onModuleInit(): void {
        throw new Error('deliberate');
      }
    }
    const witness = await applications.start();
    const context = await NestFactory.create(
      rootModule({
        imports: [PgRegistryModule.forRoot({ transport: localTransport({ bus: applications.bus }) })],
        providers: [Broken],
      }),
      { logger: false, abortOnError: false },
    );
    await expect(context.init()).rejects.toThrow('deliberate');
    await firstValueFrom(witness.node.peers$.pipe(filter(({ length }) => length === 1)));
    await context.close();
    expect(context.get(PgRegistryNode).state).toBe('stopped');
    await firstValueFrom(witness.node.peers$.pipe(filter(({ length }) => length === 0)));
  });

  it('a node leaves the cluster if decorated providers cannot be registered', async () => {
    @Injectable()
    @RegisterVia('nowhere', 'k')
    class Lost {}
    const witness = await applications.start();
    await expect(applications.start({ providers: [Late, Lost] })).rejects.toThrow(/Lost.*'nowhere'/);
    await firstValueFrom(witness.node.peers$.pipe(filter(({ length }) => length === 0)));
    expect(witness.registry().count()).toBe(0);
  });

  it('a node registers nothing if the application is stopped while it starts', async () => {
    let application!: Promise<void>;
    @Injectable()
    class Stopper {
      onApplicationBootstrap(): void {
        application = context.close();
      }
    }
    const context = await NestFactory.create(
      rootModule({ imports: [PgRegistryModule.forRoot()], providers: [Stopper, Late] }),
      { logger: false, abortOnError: false },
    );
    await context.init();
    await application;
    expect(new Application(context).node.state).toBe('stopped');
  });

  it('a node refuses to start if hooks run in another order than the one it needs', async () => {
    @Module({})
    class Later {
      constructor(modules: ModulesContainer) {
        for (const module of modules.values()) if (module.metatype === Later) module.distance = -2;
      }
    }
    const witness = await applications.start();
    await expect(applications.start({ imports: [Later] })).rejects.toThrow(/life-cycle hooks/);
    await firstValueFrom(witness.node.peers$.pipe(filter(({ length }) => length === 0)));
  });
});
