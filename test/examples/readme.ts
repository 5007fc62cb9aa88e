import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  HandleCall,
  PgRegistryModule,
  PgRegistryNode,
  ProcessService,
  RegisterVia,
  natsTransport,
  via,
} from 'nestjs-pg-registry';

@Injectable()
@RegisterVia('greeters', 'hello', { language: 'en' })
class Greeter {
  @HandleCall()
  greet(name: string) {
    return `Hello ${name}, this is process ${process.pid}.`;
  }
}

const transport = natsTransport({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222' });
@Module({ imports: [PgRegistryModule.forRoot({ transport, scopes: ['greeters'] })], providers: [Greeter] })
class AppModule {}

async function main() {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  await app.enableShutdownHooks().get(PgRegistryNode).synced();
  const greeter = via('greeters', 'hello').pick('random');
  console.log(await app.get(ProcessService).call(greeter, 'greet', 'Ada'));
}
void main();
