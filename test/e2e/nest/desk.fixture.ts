import 'reflect-metadata';
import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  HandleCall,
  InjectRegistry,
  natsTransport,
  PgRegistryModule,
  PgRegistryNode,
  type PgRegistryService,
  ProcessService,
  RegisterVia,
} from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import type { Departure } from './desks';
import { natsClientOf } from '../../support/nats-client-of';

/** A Nest application as a user would write it, with one provider that others find and call. */
const [servers = '', name = '', onSigterm = ''] = process.argv.slice(2);

@Injectable()
@RegisterVia('desks', 'desk', (desk: Desk) => desk.node.name)
class Desk implements OnModuleDestroy {
  constructor(
    readonly node: PgRegistryNode,
    readonly processes: ProcessService,
    @InjectRegistry('desks') readonly desks: PgRegistryService,
  ) {}

  @HandleCall()
  async serve({ workMs }: { readonly workMs: number }): Promise<string> {
    if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
    return `${this.node.name} ${this.node.incarnation}`;
  }

  /** The first hook after the drain. */
  onModuleDestroy(): void {
    process.stdout.write(`drained at ${Date.now()}\n`);
  }
}

@Module({
  imports: [
    PgRegistryModule.forRoot({
      node: name,
      transport: natsTransport({ servers, client: natsClientOf(name) }),
      scopes: ['desks'],
    }),
  ],
  providers: [Desk],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
  const { desks, processes } = app.get(Desk);
  const departure = JSON.parse(onSigterm) as Departure;
  if (departure.how === 'drain') app.enableShutdownHooks();
  else process.once('SIGTERM', () => leaveUndrained(departure, desks));
  serve({
    desks: () => desks.lookup('desk').map(({ value }) => value),
    pids: () => desks.members('desk').map(String),
    callAt: (where: string) => {
      const entry = desks.lookup('desk').find(({ value }) => value === where);
      return entry && processes.call(entry.pid, 'serve', { workMs: 0 });
    },
  });
}

/** Ends without a drain, for comparison: after a sleep that should be long enough for everything. */
function leaveUndrained(
  { how, sleepMs }: Exclude<Departure, { how: 'drain' }>,
  desks: PgRegistryService,
): void {
  if (how === 'leave') for (const { pid } of desks.lookupLocal('desk')) desks.leave('desk', pid);
  setTimeout(() => process.exit(), sleepMs);
}

void bootstrap();
