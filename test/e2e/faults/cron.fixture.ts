import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { ClusterNames, natsTransport, OnLeader, PgRegistryModule } from 'nestjs-pg-registry';
import { natsClientOf } from '../../support/nats-client-of';
import { serve } from '../../support/fixture';

/** A Nest application with a job that runs each second on the node that leads. It writes down what happens in a file that all share. */
const [servers = '', node = '', file = ''] = process.argv.slice(2);

@Injectable()
class Ticks {
  constructor(readonly names: ClusterNames) {
    names.watch('ticks').subscribe((holder) => {
      if (holder?.pid.node === node) this.#write({ elected: holder.token });
    });
  }

  // Late ones run, too: the machine may be busy.
  @OnLeader('ticks')
  @Cron('* * * * * *', { threshold: 900 })
  run(): void {
    const claim = this.names.held('ticks');
    // A timer of the scheduler may fire a little early, and up to the threshold late.
    const tick = Math.floor((Date.now() + 50) / 1000);
    this.#write({ tick, token: claim?.token, held: claim?.held === true });
  }

  #write(what: object): void {
    appendFileSync(file, `${JSON.stringify({ node, at: Date.now(), ...what })}\n`);
  }
}

@Module({
  imports: [
    ScheduleModule.forRoot(),
    PgRegistryModule.forRoot({
      node,
      transport: natsTransport({ servers, client: natsClientOf(node) }),
      names: { ttlMs: 1000 },
    }),
  ],
  providers: [Ticks],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  serve({ waits: () => app.get(ClusterNames).stats().waiting === 1 });
}

void bootstrap();
