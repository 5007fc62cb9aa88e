import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type ModuleMetadata,
  Scope,
  UseGuards,
} from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { eventually } from '../../../../test/support/eventually';
import { type CallContext, clusterName } from '../calls';
import type { Claim } from '../names';
import { PgRegistryNode } from '../node';
import { InvalidArgumentError, InvalidOptionError, type LossReason } from '../term';
import { Applications, type Application, MemoryLogger, rootModule } from './application.fixture';
import { ClusterSingleton, type ClusterSingletonLifecycle } from './decorators/cluster-singleton.decorator';
import { HandleCall, HandleCast } from './decorators/handlers.decorator';
import { OnLeader } from './decorators/on-leader.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

/** What happened in all nodes, in order. */
let log: string[] = [];
let tokens: number[] = [];
/** What the hooks wait for, by the word that they log. */
let gates: Record<string, Promise<void>> = {};
/** The hook that throws. */
let failing: string | undefined;

@Injectable()
class OnlyIfAllowed implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData() !== 'forbidden';
  }
}

@Injectable()
@ClusterSingleton(['plans', 1])
class Planner implements ClusterSingletonLifecycle {
  claim: Claim | undefined;
  constructor(readonly node: PgRegistryNode) {}

  async onElected(claim: Claim): Promise<void> {
    this.claim = claim;
    tokens.push(claim.token);
    await this.#step('elected');
  }
  async onDeposed(reason: LossReason): Promise<void> {
    await this.#step(`deposed ${reason}`);
    log.push(`saved by ${this.node.name}`);
  }
  @HandleCall()
  @UseGuards(OnlyIfAllowed)
  plan(what: string): string {
    this.claim!.assertHeld();
    return `${what} by ${this.node.name}`;
  }
  @HandleCall()
  async wait(_: unknown, { signal }: CallContext): Promise<void> {
    log.push('waits');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    log.push('aborted');
  }
  @HandleCall()
  pid(): unknown {
    return this.node.processes.self();
  }
  @HandleCast()
  note(what: string): void {
    log.push(`note ${what} by ${this.node.name}`);
  }
  @OnLeader(['plans', 1])
  tick(): string {
    return `tick of ${this.node.name}`;
  }

  async #step(what: string): Promise<void> {
    log.push(`${what} ${this.node.name}`);
    if (failing === what) throw new RangeError('deliberate');
    await gates[what];
  }
}

describe('@ClusterSingleton', () => {
  let applications: Applications;
  let open: () => void;

  beforeEach(() => {
    log = [];
    tokens = [];
    gates = {};
    failing = undefined;
    applications = new Applications();
  });
  afterEach(async () => {
    open?.();
    await applications.closeAll();
  });

  /** @param ttlMs Long by default: the machine may be busy, and then a shorter session would end by itself. */
  const start = (
    node: string,
    metadata: ModuleMetadata = { providers: [Planner] },
    ttlMs = 30_000,
  ): Promise<Application> => applications.start(metadata, { node, names: { ttlMs } });
  const plan = ({ processes }: Application, what = 'x', timeoutMs = 20_000): Promise<unknown> =>
    processes.call(clusterName(['plans', 1]), 'plan', what, { timeoutMs });
  const startTwo = async (ttlMs?: number): Promise<[Application, Application]> => {
    const a = await start('a', undefined, ttlMs);
    await plan(a);
    const b = await start('b', undefined, ttlMs);
    await eventually(() => expect(b.node.names.stats().waiting).toBe(1));
    return [a, b];
  };
  const hold = (hook: string): void => {
    gates[hook] = new Promise((resolve) => (open = resolve));
  };

  it('elects one instance, whose handlers and guards answer to every node', async () => {
    const [a, b] = await startTwo();
    const c = await start('c', {});
    await expect(Promise.all([a, b, c].map((each) => plan(each)))).resolves.toEqual(Array(3).fill('x by a'));
    expect(log).toEqual(['elected a']);
    expect(tokens).toEqual([a.node.names.whereis(['plans', 1])?.token]);
    await expect(c.processes.call(clusterName(['plans', 1]), 'pid')).resolves.toMatchObject({ node: 'a' });
    await expect(plan(c, 'forbidden')).rejects.toMatchObject({ code: 'REMOTE' });
  });

  it('delivers nothing before onElected has returned', async () => {
    hold('elected');
    const a = await start('a');
    await eventually(() => expect(log).toEqual(['elected a']));
    a.processes.cast(clusterName(['plans', 1]), 'note', 'early');
    const answer = plan(a);
    await eventually(() => expect(a.node.stats().calls.inFlight).toBe(2));
    expect(log).toEqual(['elected a']);
    open();
    await expect(answer).resolves.toBe('x by a');
    expect(log).toEqual(['elected a', 'note early by a']);
  });

  it('hands over when its node closes: onDeposed returns first, then another one is elected with a higher token, and no call fails', async () => {
    const [a, b] = await startTwo();
    hold('deposed node-stopped');
    const closed = a.context.close();
    await eventually(() => expect(log).toEqual(['elected a', 'deposed node-stopped a']));
    const answer = plan(b);
    await expect(b.node.names.tryClaim(['plans', 1])).resolves.toBeUndefined();
    expect(a.node.names.held(['plans', 1])).toBeUndefined();
    open();
    await expect(answer).resolves.toBe('x by b');
    await closed;
    expect(log).toEqual(['elected a', 'deposed node-stopped a', 'saved by a', 'elected b']);
    expect(tokens[1]).toBeGreaterThan(tokens[0]);
    expect(a.node.names.stats().lost).toEqual({ 'node-stopped': 1 });
  });

  it('does not wait for an onDeposed that does not return', async () => {
    const options = { node: 'a', exitTimeoutMs: 20 };
    const a = await applications.start({ providers: [Planner] }, options);
    await plan(a);
    hold('deposed node-stopped');
    await a.context.close();
    expect(applications.logger.own.map(({ message }) => message)).toContain(
      'Planner.onDeposed has not returned within 20 ms. Nobody waits for it any more.',
    );
  });

  it('says that onElected does not return: the instance gets no calls meanwhile, and no other one is elected', async () => {
    hold('elected');
    await applications.start({ providers: [Planner] }, { node: 'a', exitTimeoutMs: 20 });
    const warnings = (): readonly string[] =>
      applications.logger.own.filter(({ level }) => level === 'warn').map(({ message }) => message);
    await eventually(() =>
      expect(warnings()).toEqual([
        "Planner.onElected of the cluster singleton ['plans', 1] has not returned for 20 ms. Calls to it wait until it has, and no other " +
          'instance is elected.',
      ]),
    );
    open();
  });

  it('is taken over from a crashed node, which deposes its own instance before', async () => {
    const [a, b] = await startTwo(1000);
    applications.bus.crash('a');
    await expect(plan(b)).resolves.toBe('x by b');
    const deposed = log.findLastIndex((line) => /^deposed (expired|disconnected) a$/.test(line));
    expect(deposed).toBeGreaterThan(log.lastIndexOf('elected a'));
    expect(log.lastIndexOf('elected b')).toBeGreaterThan(deposed);
    await expect(plan(a, 'x', 20)).rejects.toMatchObject({ code: 'NOT_REGISTERED' });
  });

  it('tells the instance after a stall that it is deposed, before anything is delivered to it', async () => {
    const [a, b] = await startTwo(1000);
    const { pid } = a.node.names.whereis(['plans', 1])!;
    const answer = a.processes.call(pid, 'plan', 'late').catch((error: unknown) => error);
    a.processes.cast(pid, 'note', 'late');
    const until = performance.now() + 1100;
    while (performance.now() < until); // the event loop stands still, so that no timer says that the session is over
    await expect(answer).resolves.toMatchObject({
      code: 'PROCESS_EXITED',
      reason: 'deposed',
      mayHaveExecuted: false,
    });
    expect(log.slice(0, 2)).toEqual(['elected a', 'deposed expired a']);
    await expect(plan(b)).resolves.toMatch(/^x by [ab]$/);
    expect(log.join()).not.toContain('note');
  });

  it('ends what it is handling when it loses the key, and contends for it again', async () => {
    const a = await start('a');
    const waiting = a.processes.call(clusterName(['plans', 1]), 'wait').catch((error: unknown) => error);
    await eventually(() => expect(log).toContain('waits'));
    await a.node.names.held(['plans', 1])!.release();
    await expect(waiting).resolves.toMatchObject({ code: 'PROCESS_EXITED', mayHaveExecuted: true });
    await expect(plan(a)).resolves.toBe('x by a');
    expect(log).toEqual(['elected a', 'waits', 'deposed released a', 'aborted', 'saved by a', 'elected a']);
    expect(tokens[1]).toBeGreaterThan(tokens[0]);
  });

  it('gives the key back when onElected throws, and logs what it threw; the same of onDeposed', async () => {
    const errors = (): readonly string[] =>
      applications.logger.own.filter(({ level }) => level === 'error').map(({ message }) => message);
    failing = 'elected';
    const a = await start('a');
    await eventually(() => expect(log).toContain('saved by a'));
    expect(log.slice(0, 3)).toEqual(['elected a', 'deposed released a', 'saved by a']);
    failing = 'deposed released';
    await expect(plan(a)).resolves.toBe('x by a');
    await a.node.names.held(['plans', 1])!.release();
    await eventually(() => expect(errors()).toHaveLength(2));
    expect(errors()).toEqual([
      "Planner.onElected of the cluster singleton ['plans', 1] threw: deliberate",
      "Planner.onDeposed of the cluster singleton ['plans', 1] threw: deliberate",
    ]);
  });

  it('lets methods with @OnLeader of the same key run where it is elected', async () => {
    const [a, b] = await startTwo();
    const ticks = (): unknown[] => [a, b].map(({ context }) => context.get(Planner).tick());
    expect(ticks()).toEqual(['tick of a', undefined]);
    await a.context.close();
    await plan(b);
    expect(ticks()).toEqual([undefined, 'tick of b']);
    expect(b.node.names.stats()).toMatchObject({ held: 1, waiting: 0 });
  });

  it('handles one call at a time if it is serial', async () => {
    let running = 0;
    let most = 0;
    @ClusterSingleton('serial', { serial: true })
    class OneByOne {
      @HandleCall()
      async work(): Promise<void> {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
      }
    }
    const { processes } = await start('a', { providers: [OneByOne] });
    await Promise.all([1, 2, 3].map(() => processes.call(clusterName('serial'), 'work')));
    expect(most).toBe(1);
  });

  it('is mounted with a lazily loaded module, unless its key is taken on the node', async () => {
    @ClusterSingleton('late')
    class Late {
      @HandleCall()
      hi(): string {
        return 'hi';
      }
    }
    class LateModule {}
    const a = await start('a', {});
    const load = () =>
      a.context.get(LazyModuleLoader).load(() => ({ module: LateModule, providers: [Late] }));
    a.node.names.lead('late');
    const moduleRef = await load();
    expect(() => a.node.mount(moduleRef)).toThrow(
      "@ClusterSingleton of Late: 'late' is the key of @OnLeader on this node. Choose another key, or load both when the application starts.",
    );
    const b = await start('b', {});
    b.node.mount(
      await b.context.get(LazyModuleLoader).load(() => ({ module: LateModule, providers: [Late] })),
    );
    await a.context.close();
    await expect(b.processes.call(clusterName('late'), 'hi')).resolves.toBe('hi');
  });

  it('is never elected in an application without forRoot, which warns', async () => {
    @ClusterSingleton('lonely')
    class Lonely {}
    const logger = new MemoryLogger();
    const context = await NestFactory.createApplicationContext(rootModule({ providers: [Lonely] }), {
      logger,
    });
    await context.close();
    expect(logger.own.map(({ message }) => message)).toEqual([
      'Lonely has @ClusterSingleton, but this application has no registry, so it is never elected. Import ' +
        'PgRegistryModule.forRoot(…) in the root module.',
    ]);
  });

  describe('fails the bootstrap, naming the class, for', () => {
    const failure = async (providers: readonly (new () => object)[], names?: false): Promise<string> => {
      const starting = applications.start({ providers: [...providers] }, names === false ? { names } : {});
      const error: unknown = await starting.then(String, (thrown: unknown) => thrown);
      return error instanceof InvalidOptionError ? error.message : `not refused: ${String(error)}`;
    };
    @ClusterSingleton('one')
    class One {}

    it('a transient class', async () => {
      @Injectable({ scope: Scope.TRANSIENT })
      @ClusterSingleton('k')
      class Fleeting {}
      expect(await failure([Fleeting])).toMatch(/^Fleeting has @ClusterSingleton, but is transient/);
    });

    it('a request-scoped class', async () => {
      @Injectable({ scope: Scope.REQUEST })
      @ClusterSingleton('k')
      class Asked {}
      expect(await failure([Asked])).toMatch(/^Asked has @ClusterSingleton, but is request-scoped/);
    });

    it('two classes of one key', async () => {
      @ClusterSingleton('one')
      class Other {}
      expect(await failure([One, Other])).toBe(
        "@ClusterSingleton of Other: 'one' is the key of One, too. Choose another key.",
      );
    });

    it('a class that is registered, too', async () => {
      @ClusterSingleton('k')
      @RegisterVia('pg', 'k')
      class Both {}
      expect(await failure([Both])).toMatch(/^Both has @ClusterSingleton and @RegisterVia/);
    });

    it('names that are turned off', async () => {
      expect(await failure([One], false)).toMatch(
        /^@ClusterSingleton of One: @ClusterSingleton\(\) needs cluster names, and option 'names' of node '.+' is false\./,
      );
    });

    it('a key without a normal form', async () => {
      @ClusterSingleton((() => 'key') as never)
      class Wrong {}
      expect(await failure([Wrong])).toMatch(/^@ClusterSingleton of Wrong: /);
    });
  });

  it('refuses a missing key, and a second one of the same class, which subclasses do not inherit', async () => {
    expect(() => ClusterSingleton(undefined as never)).toThrow(
      '@ClusterSingleton(key) must be given a key (got none).',
    );
    const twice = (): unknown => {
      @ClusterSingleton('a')
      @ClusterSingleton('b')
      class Twice {}
      return Twice;
    };
    expect(twice).toThrow(new InvalidArgumentError('Twice must have one @ClusterSingleton (it has two).'));
    class Sub extends Planner {}
    await expect(start('a', { providers: [Sub] })).rejects.toThrow(/Sub is no process/);
  });
});
