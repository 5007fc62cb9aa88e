import { Controller, type INestApplicationContext, Injectable, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import {
  HandleCall,
  natsTransport,
  PgRegistryModule,
  PgRegistryNode,
  ProcessService,
  RegisterVia,
  via,
} from 'nestjs-pg-registry';
import { PgRegistryClient, PgRegistryServer } from 'nestjs-pg-registry/microservice';
import { firstValueFrom } from 'rxjs';

/** For a busy machine. */
const TIMEOUT_MS = 60_000;

@Injectable()
@RegisterVia('pg', 'greeter')
class Greeter {
  @HandleCall()
  greet(name: string): string {
    return `Hello ${name}`;
  }
}

@Controller()
class Sums {
  @MessagePattern('sum')
  sum(numbers: readonly number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

/** Starts an application that is a node of its own, over one of the NATS clients. */
function start(
  client: 'nats' | '@nats-io/transport-node',
  providers: Type[],
): Promise<INestApplicationContext> {
  const servers = process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222';
  const transport = natsTransport({ servers, client });
  return NestFactory.createApplicationContext(
    { module: class {}, imports: [PgRegistryModule.forRoot({ transport })], providers },
    { logger: false, abortOnError: false },
  );
}

/** Runs under Jest and under Vitest, in an application that has every optional package. */
describe('with every optional package', () => {
  it(
    'two nodes with a NATS client each call each other',
    async () => {
      const callee = await start('nats', [Greeter]);
      const caller = await start('@nats-io/transport-node', []);
      await caller.get(PgRegistryNode).synced();
      // The API of OpenTelemetry is there, and no provider is set: the call is traced into nothing.
      const answer = await trace
        .getTracer('test')
        .startActiveSpan('greeting', () =>
          caller.get(ProcessService).call<string>(via('pg', 'greeter'), 'greet', 'Ada'),
        );
      expect(answer).toBe('Hello Ada');
      await caller.close();
      await callee.close();
    },
    TIMEOUT_MS,
  );

  it(
    'a microservice answers',
    async () => {
      const app = await NestFactory.create(
        { module: class {}, imports: [PgRegistryModule.forRoot()], controllers: [Sums] },
        { logger: false, abortOnError: false },
      );
      app.connectMicroservice({ strategy: app.get(PgRegistryServer) });
      await app.startAllMicroservices();
      await app.init();
      expect(await firstValueFrom(app.get(PgRegistryClient).send<number>('sum', [1, 2, 39]))).toBe(42);
      await app.close();
    },
    TIMEOUT_MS,
  );
});
