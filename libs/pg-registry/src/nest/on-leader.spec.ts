import { Injectable, type ModuleMetadata, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { eventually } from '../../../../test/support/eventually';
import { ClusterNames } from '../names';
import { PgRegistryNode } from '../node';
import { InvalidArgumentError, InvalidOptionError, type Key } from '../term';
import { Applications, type Application, MemoryLogger, rootModule } from './application.fixture';
import { OnLeader } from './decorators/on-leader.decorator';

/** What ran, in the order of time over all nodes. */
let runs: string[] = [];

@Injectable()
class Reports {
  constructor(
    readonly node: PgRegistryNode,
    readonly names: ClusterNames,
  ) {}

  @OnLeader(['reports', 1])
  send(prefix: string, ..._rest: unknown[]): number | undefined {
    // The time of a claim may be over since the method was called.
    const claim = this.names.held(['reports', 1]);
    if (claim === undefined) return undefined;
    runs.push(`${prefix} ${this.node.name}`);
    return claim.token;
  }
  @OnLeader(['reports', 1])
  async tidy(): Promise<string | undefined> {
    await Promise.resolve();
    return `tidied by ${this.node.name}`;
  }
}

@Injectable()
class Jobs {
  constructor(readonly node: PgRegistryNode) {}

  @OnLeader('jobs')
  @Cron('* * * * * *')
  cronInside(): void {
    runs.push(`cronInside ${this.node.name}`);
  }
  @Cron('* * * * * *')
  @OnLeader('jobs')
  cronOutside(): void {
    runs.push(`cronOutside ${this.node.name}`);
  }
  @OnLeader('jobs')
  @Interval(5)
  intervalInside(): void {
    runs.push(`intervalInside ${this.node.name}`);
  }
  @Interval(5)
  @OnLeader('jobs')
  intervalOutside(): void {
    runs.push(`intervalOutside ${this.node.name}`);
  }
  @OnLeader('jobs')
  @Timeout('inside', 5)
  timeoutInside(): void {
    runs.push(`timeoutInside ${this.node.name}`);
  }
  @Timeout('outside', 5)
  @OnLeader('jobs')
  timeoutOutside(): void {
    runs.push(`timeoutOutside ${this.node.name}`);
  }
}

describe('@OnLeader', () => {
  let applications: Applications;

  beforeEach(() => {
    runs = [];
    applications = new Applications();
  });
  afterEach(() => applications.closeAll());

  /** Claims last longer than a busy machine stands still, unless the test waits for the end of one. */
  const start = (
    node: string,
    metadata: ModuleMetadata = { providers: [Reports] },
    ttlMs = 60_000,
  ): Promise<Application> => applications.start(metadata, { node, names: { ttlMs } });
  const reportsOf = ({ context }: Application): Reports => context.get(Reports);
  const leads = async ({ node }: Application, key: Key = ['reports', 1]): Promise<void> => {
    await eventually(() => node.names.held(key) !== undefined);
  };

  it('runs the methods on the node that holds the key, with its claim in reach, and returns undefined elsewhere', async () => {
    const a = await start('a');
    await leads(a);
    const b = await start('b');
    await eventually(() => expect(b.node.names.stats().waiting).toBe(1));
    expect(reportsOf(a).send('report')).toBe(a.node.names.held(['reports', 1])?.token);
    await expect(reportsOf(a).tidy()).resolves.toBe('tidied by a');
    expect(reportsOf(b).send('report')).toBeUndefined();
    expect(reportsOf(b).tidy()).toBeUndefined();
    expect(runs).toEqual(['report a']);
  });

  it('lets all methods of a key share one campaign of the root process, also in a module that a process loads later', async () => {
    class Others extends Reports {}
    const a = await start('a', { providers: [Reports, Others] });
    await leads(a);
    const { held, waiting } = a.node.names.stats();
    expect([held, waiting]).toEqual([1, 0]);
    const loader = a.node.processes.spawn({ label: 'loader' });
    a.node.processes.run(loader, () => a.node.names.lead('later'));
    await leads(a, 'later');
    expect(a.node.names.held('later')?.pid).toBe(a.node.processes.self());
    loader.exit();
    expect(a.node.names.held('later')?.held).toBe(true);
  });

  it('hands over to another node with a higher token when the leader closes', async () => {
    const a = await start('a');
    await leads(a);
    const b = await start('b');
    const first = reportsOf(a).send('report')!;
    await a.context.close();
    await leads(b);
    expect(reportsOf(a).send('report')).toBeUndefined();
    expect(reportsOf(b).send('report')).toBeGreaterThan(first);
  });

  it('lets another node take over from a crashed one, which stops running the method before', async () => {
    const a = await start('a', undefined, 1000);
    await leads(a);
    const b = await start('b');
    const tokens: number[] = [];
    const runAll = (): void => {
      for (const each of [a, b]) {
        const token = reportsOf(each).send('report');
        if (token !== undefined) tokens.push(token);
      }
    };
    runAll();
    applications.bus.crash('a');
    await eventually(() => {
      runAll();
      return runs.includes('report b');
    });
    runAll();
    expect(tokens).toEqual(tokens.toSorted((x, y) => x - y));
    expect(new Set(tokens).size).toBe(2);
    expect(runs.lastIndexOf('report a')).toBeLessThan(runs.indexOf('report b'));
  });

  it('campaigns again after the key was released, and leads with a higher token', async () => {
    const a = await start('a');
    await leads(a);
    const first = reportsOf(a).send('report')!;
    await a.node.names.held(['reports', 1])!.release();
    expect(reportsOf(a).send('report')).toBeUndefined();
    await leads(a);
    expect(reportsOf(a).send('report')).toBeGreaterThan(first);
  });

  it('works with @Cron, @Interval and @Timeout of @nestjs/schedule in either order', async () => {
    const metadata = { imports: [ScheduleModule.forRoot()], providers: [Jobs] };
    const a = await start('a', metadata);
    await leads(a, 'jobs');
    runs = [];
    const b = await start('b', metadata);
    const onLeader = ['cronInside', 'cronOutside', 'intervalInside', 'intervalOutside'].map(
      (name) => `${name} a`,
    );
    await eventually(() => expect(runs).toEqual(expect.arrayContaining(onLeader)));
    expect(runs.filter((run) => run.endsWith(' b'))).toEqual([]);
    const schedule = b.context.get(SchedulerRegistry, { strict: false });
    expect(schedule.getTimeouts().toSorted()).toEqual(['inside', 'outside']);
    expect([schedule.getCronJobs().size, schedule.getIntervals().length]).toEqual([2, 2]);
  });

  it('keeps the name and the length of a method and what other decorators left on it', () => {
    const method = (type: { readonly prototype: object }, name: string): (() => void) =>
      Reflect.get(type.prototype, name) as () => void;
    const shapes = [method(Reports, 'send'), method(Reports, 'tidy')].map(({ name, length }) => [
      name,
      length,
    ]);
    expect(shapes).toEqual([
      ['send', 1],
      ['tidy', 0],
    ]);
    const left = (name: string): readonly unknown[] =>
      Reflect.getMetadataKeys(method(Jobs, name)).map((key) => [
        key,
        Reflect.getMetadata(key as string, method(Jobs, name)) as unknown,
      ]);
    expect(left('intervalInside')).toEqual(left('intervalOutside'));
    expect(left('intervalInside')).not.toEqual([]);
  });

  it('runs nothing in an application without forRoot, and warns', async () => {
    @Injectable()
    class Lonely {
      @OnLeader('k')
      run(): string | undefined {
        return 'ran';
      }
      @OnLeader('other')
      runOther(): void {}
    }
    const logger = new MemoryLogger();
    const context = await NestFactory.createApplicationContext(rootModule({ providers: [Lonely] }), {
      logger,
    });
    expect(context.get(Lonely).run()).toBeUndefined();
    await context.close();
    expect(logger.own.map(({ message }) => message)).toEqual([
      'Lonely has @OnLeader, but this application has no registry, so its methods with it never run. Import ' +
        'PgRegistryModule.forRoot(…) in the root module.',
    ]);
  });

  describe('fails the bootstrap, naming class and method, for', () => {
    class Job {
      @OnLeader('job')
      run(): void {}
    }
    /** Returns what the application does not start with. */
    const failure = async (provider: new () => object, names?: false): Promise<string> => {
      const starting = applications.start({ providers: [provider] }, names === false ? { names } : {});
      const error: unknown = await starting.then(String, (thrown: unknown) => thrown);
      return error instanceof InvalidOptionError ? error.message : `not refused: ${String(error)}`;
    };

    it('a transient class', async () => {
      @Injectable({ scope: Scope.TRANSIENT })
      class Fleeting extends Job {}
      expect(await failure(Fleeting)).toMatch(
        /^Fleeting\.run has @OnLeader, but Fleeting is transient and has no shared instance\./,
      );
    });

    it('a request-scoped class', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class Asked extends Job {}
      expect(await failure(Asked)).toMatch(
        /^Asked\.run has @OnLeader, but Asked is request-scoped and has no shared instance\./,
      );
    });

    it('a method that overrides one with @OnLeader and has none itself', async () => {
      class Silent extends Job {
        override run(): void {}
      }
      expect(await failure(Silent)).toMatch(
        /^Silent\.run overrides a method with @OnLeader and has none itself/,
      );
      class Decorated extends Job {
        @OnLeader('other job')
        override run(): void {}
      }
      const a = await applications.start({ providers: [Decorated] });
      await leads(a, 'other job');
    });

    it('names that are turned off', async () => {
      expect(await failure(Job, false)).toMatch(
        /^Job\.run: @OnLeader\(\) needs cluster names, and option 'names' of node '.+' is false\./,
      );
    });

    it('a key without a normal form', async () => {
      class Wrong {
        @OnLeader((() => 'key') as never)
        run(): void {}
      }
      expect(await failure(Wrong)).toMatch(/^Wrong\.run: /);
    });
  });

  it('refuses a missing key, a second key of a method, and anything but an instance method', () => {
    const decorate = (make: () => unknown): (() => unknown) => make;
    expect(() => OnLeader(undefined as never)).toThrow('@OnLeader(key) must be given a key (got none).');
    expect(
      decorate(() => {
        class Twice {
          @OnLeader('a')
          @OnLeader('b')
          run(): void {}
        }
        return Twice;
      }),
    ).toThrow('Twice.run must have one @OnLeader (it has two): one node may never hold both keys.');
    expect(
      decorate(() => {
        class Static {
          @OnLeader('a')
          static run(): void {}
        }
        return Static;
      }),
    ).toThrow(InvalidArgumentError);
  });
});
