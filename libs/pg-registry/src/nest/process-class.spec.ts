import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Module,
  ParseIntPipe,
  Scope,
  UseGuards,
  UsePipes,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { type CallContext, via } from '../calls';
import { type LocalProcess } from '../lifetime';
import { ProcessService } from '../process';
import { defineScope } from '../scope';
import { AlreadyRegisteredError, ProcessExitedError } from '../term';
import { Applications } from './application.fixture';
import { HandleCall, HandleCast, HandleMessage } from './decorators/handlers.decorator';

const docs = defineScope({ name: 'docs', keys: 'unique' });
const denied = { code: 'REMOTE', remote: { name: 'ForbiddenException' } };

@Injectable()
class Store {
  readonly log: string[] = [];
}

let sessions = 0;
@Injectable({ scope: Scope.REQUEST })
class Session {
  readonly number = (sessions += 1);
  constructor(@Inject(REQUEST) readonly process: LocalProcess) {}
}

@Injectable()
class AdminGuard implements CanActivate {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }
  canActivate(context: ExecutionContext): boolean {
    this.#store.log.push(`guard ${context.getClass().name}`);
    return context.switchToRpc().getContext<CallContext>().headers.role === 'admin';
  }
}

/** A document that several people edit: one process for each. */
@Injectable({ scope: Scope.TRANSIENT })
class SharedDoc {
  #text = '';
  readonly #store: Store;
  readonly #session: Session;
  readonly #processes: ProcessService;

  constructor(store: Store, session: Session, processes: ProcessService) {
    this.#store = store;
    this.#session = session;
    this.#processes = processes;
  }
  async onProcessStart({
    title,
    fail = false,
  }: {
    readonly title: string;
    readonly fail?: boolean;
  }): Promise<void> {
    this.#store.log.push(`start ${title}`);
    await Promise.resolve();
    if (fail) throw new RangeError('deliberate');
    this.#text = title;
  }
  onProcessExit(reason: unknown): void {
    this.#store.log.push(`exit ${this.#text}: ${String(reason)}`);
  }
  @HandleCall()
  text(): string {
    return this.#text;
  }
  @HandleCast()
  append(text: string): void {
    this.#text += text;
  }
  @HandleMessage()
  hear(message: string): void {
    this.#text += `(${message})`;
  }
  @HandleCall()
  identity(): unknown {
    const { number, process } = this.#session;
    return [number, String(process.pid), String(this.#processes.self())];
  }
  @HandleCall()
  @UsePipes(ParseIntPipe)
  next(n: number): number {
    return n + 1;
  }
  @HandleCall()
  @UseGuards(AdminGuard)
  erase(): void {
    this.#text = '';
  }
}

@Module({ providers: [Store, Session, SharedDoc], exports: [Store] })
class Documents {}

describe('process classes', () => {
  let applications: Applications;
  beforeEach(() => {
    applications = new Applications();
    sessions = 0;
  });
  afterEach(() => applications.closeAll());

  const startDocuments = () => applications.start({ imports: [Documents] }, { scopes: [docs] });
  const document = via('docs', 'a');

  it('each instance of a process class is made with the injector of its module, in a context of its own', async () => {
    const app = await startDocuments();
    const [a, b] = await Promise.all(
      ['a', 'b'].map((title) => app.processes.start(SharedDoc, { args: { title } })),
    );
    expect(await app.processes.call(a.pid, 'text')).toBe('a');
    expect(await app.processes.call(b.pid, 'text')).toBe('b');
    const identity = ({ pid }: LocalProcess) => app.processes.call<[number, string, string]>(pid, 'identity');
    const [[one, ...mine], [two, ...yours]] = [await identity(a), await identity(b)];
    expect(new Set([one, two])).toEqual(new Set([1, 2]));
    expect(mine).toEqual([String(a.pid), String(a.pid)]);
    expect(yours).toEqual([String(b.pid), String(b.pid)]);
    expect(await identity(a)).toEqual([one, ...mine]);
    expect(a.label).toBe('SharedDoc');
  });

  it('a process class is found by its name from every node, and handles casts, messages and calls in order', async () => {
    const app = await startDocuments();
    const far = await applications.start({}, { scopes: [docs] });
    const { pid } = await app.processes.start(SharedDoc, { via: document, args: { title: 'a' } });
    await far.seen('a', 1, 'docs');
    far.processes.cast(document, 'append', 'b');
    far.processes.send(pid, 'c');
    expect(await far.processes.proxy<SharedDoc>(document).text()).toBe('ab(c)');
  });

  it('a process class runs guards and pipes like a controller', async () => {
    const app = await startDocuments();
    const { pid } = await app.processes.start(SharedDoc, { args: { title: 'a' } });
    expect(await app.processes.call(pid, 'next', '41')).toBe(42);
    await expect(app.processes.call(pid, 'next', 'x')).rejects.toMatchObject({
      remote: { name: 'BadRequestException' },
    });
    await expect(app.processes.call(pid, 'erase')).rejects.toMatchObject(denied);
    await app.processes.call(pid, 'erase', null, { headers: { role: 'admin' } });
    expect(await app.processes.call(pid, 'text')).toBe('');
    expect(app.context.get(Store).log).toContain('guard SharedDoc');
  });

  it('a process class runs global guards, a request-scoped one with an instance for each process', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerProcess implements CanActivate {
      readonly #process: LocalProcess;

      constructor(@Inject(REQUEST) process: LocalProcess) {
        this.#process = process;
      }
      canActivate(context: ExecutionContext): boolean {
        return context.switchToRpc().getData<unknown>() === String(this.#process.pid);
      }
    }
    const providers = [{ provide: APP_GUARD, useClass: PerProcess }];
    const app = await applications.start({ imports: [Documents], providers });
    const { pid } = await app.processes.start(SharedDoc, { args: { title: 'a' } });
    await expect(app.processes.call(pid, 'text')).rejects.toMatchObject(denied);
    expect(await app.processes.call(pid, 'text', String(pid))).toBe('a');
  });

  it('concurrent starts under one unique name start one process', async () => {
    const app = await startDocuments();
    const starts = Array.from({ length: 10 }, (_, i) =>
      app.processes.start(SharedDoc, { via: document, args: { title: `${i}` } }),
    );
    expect(app.registry('docs').whereis('a')).toBeDefined();
    const waiting = app.processes.call(document, 'text');
    const outcomes = await Promise.allSettled(starts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes.slice(1))
      expect(outcome).toMatchObject({ reason: expect.any(AlreadyRegisteredError) });
    expect(await waiting).toBe('0');
    expect(sessions).toBe(1);
    expect(app.context.get(Store).log).toEqual(['start 0']);
  });

  it('a process class that fails to start frees its name, and every waiting start fails', async () => {
    const app = await startDocuments();
    const start = app.processes.start(SharedDoc, { via: document, args: { title: 'a', fail: true } });
    const waiting = app.processes.call(document, 'text').catch((error: unknown) => error);
    await expect(start).rejects.toThrow('deliberate');
    expect(await waiting).toBeInstanceOf(ProcessExitedError);
    expect(app.registry('docs').whereis('a')).toBeUndefined();
    await app.processes.start(SharedDoc, { via: document, args: { title: 'again' } });
    expect(await app.processes.call(document, 'text')).toBe('again');
  });

  it('a process class that cannot be constructed frees its name', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Broken {
      constructor() {
        throw new TypeError('no instance');
      }
    }
    const app = await applications.start({ providers: [Broken] }, { scopes: [docs] });
    await expect(app.processes.start(Broken, { via: document })).rejects.toThrow('no instance');
    expect(app.registry('docs').count()).toBe(0);
  });

  it('a process ends once: with its owner, by its signal, by itself or with the application', async () => {
    const app = await startDocuments();
    const { log } = app.context.get(Store);
    const owner = app.processes.spawn();
    const controller = new AbortController();
    const start = (title: string, options = {}) =>
      app.processes.start(SharedDoc, { args: { title }, ...options });
    const [owned, aborted, exited] = [
      await start('owned', { owner }),
      await start('aborted', { signal: controller.signal }),
      await start('exited'),
      await start('shut down'),
    ];
    owner.exit('owner gone');
    controller.abort('cancelled');
    exited.exit('done');
    exited.exit('again');
    await Promise.all([owned.exited, aborted.exited, exited.exited]);
    await app.context.close();
    expect(log.filter((line) => line.startsWith('exit')).toSorted()).toEqual([
      'exit aborted: cancelled',
      'exit exited: done',
      'exit owned: owner gone',
      'exit shut down: shutdown',
    ]);
  });
});
