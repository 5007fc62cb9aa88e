import 'reflect-metadata';
import { type CanActivate, type ExecutionContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClusterNames,
  Entity,
  entity,
  HandleCall,
  InjectRegistry,
  natsTransport,
  PgRegistryModule,
  PgRegistryObserver,
  type PgRegistryService,
  ProcessService,
  RegisterVia,
} from 'nestjs-pg-registry';
import { PgRegistryObserverModule } from 'nestjs-pg-registry/observer';
import { serve } from '../../support/fixture';
import { natsClientOf } from '../../support/nats-client-of';

/** A node with the page, and something of everything that the page shows. */
const [servers = '', name = '', token = ''] = process.argv.slice(2);

@Injectable()
@RegisterVia('workers', ['worker', name])
class Worker {
  @HandleCall()
  work(task: string): string {
    if (task === '') throw new RangeError('There is no task.');
    return `${name} did ${task}`;
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['authorization'] === `Bearer ${token}`;
  }
}

@Entity('ledger', { idleMs: Infinity })
class Ledger {
  @HandleCall()
  total(): number {
    return 0;
  }
}

@Module({
  imports: [
    PgRegistryModule.forRoot({
      node: name,
      transport: natsTransport({ servers, client: natsClientOf(name) }),
      scopes: [{ name: 'workers', keys: 'unique' }, 'docs', 'notes'],
      observer: { version: '4.2.0', allow: ['drain', 'call'] },
    }),
    PgRegistryObserverModule.forRoot({
      allow: ['call', 'drain', 'stop'],
      ...(token === '' ? { open: true } : { guards: [TokenGuard] }),
    }),
  ],
  providers: [Worker, Ledger],
})
class AppModule {
  constructor(
    readonly processes: ProcessService,
    readonly names: ClusterNames,
    readonly observer: PgRegistryObserver,
    @InjectRegistry('docs') readonly docs: PgRegistryService,
    @InjectRegistry('notes') readonly notes: PgRegistryService,
  ) {}
}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const { processes, names, observer, docs, notes } = app.get(AppModule);
  serve({
    url: async () => `${await app.getUrl()}/pg-registry`,
    register: (key: unknown, value: unknown) => void docs.register(key as string, value),
    note: (key: unknown) => void notes.register(key as string),
    fill: (count: number) => {
      for (let i = 0; i < count; i += 1) docs.register(['doc', i], { title: `Document ${i}` });
    },
    count: () => docs.count(),
    /** Processor time that this process has used, in milliseconds. */
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    /** What this process has of the machine's memory, in bytes. */
    memory: () => process.memoryUsage.rss(),
    claim: async (key: string) => (await names.claim(key)).token,
    callEntity: (key: string) => processes.call(entity('ledger', key), 'total'),
    /** Changes an entry so many times at once. Returns whether the journal left some of that out. */
    burst: async (changes: number) => {
      if (!notes.updateValue('burst', -1)) notes.register('burst', -1);
      for (let i = 0; i < changes; i += 1) notes.updateValue('burst', i);
      const { changes: kept } = await observer.observe().key('notes', 'burst');
      return kept.some(({ type }) => type === 'omitted');
    },
    /** Changes an entry so many times in a second, until it is told to stop. */
    flood: (perSecond: number) => {
      docs.register('flood', 0);
      const begun = performance.now();
      let changes = 0;
      const timer = setInterval(() => {
        for (; changes < ((performance.now() - begun) / 1000) * perSecond; changes += 1)
          docs.updateValue('flood', changes);
      }, 10);
      stopFlood = () => clearInterval(timer);
    },
    stopFlood: () => stopFlood(),
    /** Ends the application. Returns how long that took, in milliseconds. */
    close: async () => {
      const begun = performance.now();
      await app.close();
      return performance.now() - begun;
    },
  });
}
let stopFlood = (): void => undefined;

void bootstrap();
