import { Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { filter, firstValueFrom } from 'rxjs';
import { localTransport } from '../transport/local';
import { type Application, Applications } from './application.fixture';
import { PgRegistryModule } from './pg-registry.module';

describe('the start of an application that fails in a hook', () => {
  let applications: Applications;
  let observer: Application;
  beforeEach(async () => {
    applications = new Applications();
    observer = await applications.start();
  });
  afterEach(() => applications.closeAll());

  const peers = (count: number) =>
    firstValueFrom(observer.node.peers$.pipe(filter(({ length }) => length === count)));

  /** Starts an application as the second node, and resolves when the first one has met it. */
  async function start(metadata: ModuleMetadata): Promise<unknown> {
    const started = applications
      .startModule({
        ...metadata,
        imports: [
          PgRegistryModule.forRoot({
            node: 'failing',
            transport: localTransport({ bus: applications.bus }),
          }),
        ],
      })
      .catch((error: unknown) => error);
    await peers(1);
    return started;
  }

  it.each(['onModuleInit', 'onApplicationBootstrap'])(
    'a node leaves the cluster when %s rejects, although nobody gets hold of the application',
    async (hook) => {
      class Broken {}
      Reflect.set(Broken.prototype, hook, () => Promise.reject(new Error('no database')));
      class Sibling {
        onModuleInit(): void {}
      }
      const removals: unknown[] = [];
      observer.node.peerEvents$.subscribe((event) => {
        if (event.type === 'peer-removed') removals.push(event.reason);
      });
      expect(await start({ providers: [Broken, Sibling] })).toMatchObject({ message: 'no database' });
      await peers(0);
      expect(removals).toEqual(['goodbye']);
      expect(applications.logger.own.map(({ message }) => message)).toContain(
        `The application did not start, because Broken.${hook} failed: no database. Its node leaves the cluster.`,
      );
    },
  );

  it('a node leaves the cluster when a hook throws at once, before the other hooks of its module are called', async () => {
    class Broken {
      onModuleInit(): void {
        throw new Error('no database');
      }
    }
    class Sibling {
      async onModuleInit(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await start({ providers: [Broken, Sibling] });
    await peers(0);
    expect(observer.node.peers()).toEqual([]);
  });

  it('a node stays in the cluster if another hook handles what a hook threw, and leaves the hooks as they were', async () => {
    @Injectable()
    class Optional {
      calls = 0;
      onModuleInit(): void {
        this.calls += 1;
        throw new Error('not there');
      }
    }
    class Starter {
      constructor(readonly optional = new Optional()) {}
      async onModuleInit(): Promise<void> {
        try {
          this.optional.onModuleInit();
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    }
    @Module({ providers: [{ provide: Starter, useFactory: () => new Starter() }] })
    class Feature {}
    const app = await applications.startModule({
      imports: [
        PgRegistryModule.forRoot({ node: 'kept', transport: localTransport({ bus: applications.bus }) }),
        Feature,
      ],
    });
    const starter = app.context.get(Starter, { strict: false });
    expect(Object.getOwnPropertyNames(starter)).toEqual(['optional']);
    expect(starter.optional.calls).toBe(1);
    expect(app.node.state).toBe('ready');
  });
});
