import 'reflect-metadata';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HandleCall, natsTransport, PgRegistryModule, PgRegistryNode, RegisterVia } from 'nestjs-pg-registry';

@Injectable()
@RegisterVia('echoes', 'echo')
class Echo {
  @HandleCall()
  echo(payload: unknown): unknown {
    return payload;
  }
}

@Module({ providers: [Echo] })
class EchoModule {}

@Module({})
class RootModule {}

/** A Nest application at the broker, with or without a provider that answers calls. */
export async function startApplication(
  name: string,
  servers: string,
  answers: boolean,
): Promise<INestApplicationContext> {
  const registry = PgRegistryModule.forRoot({
    node: name,
    transport: natsTransport({ servers }),
    scopes: ['echoes'],
  });
  const application = await NestFactory.createApplicationContext(
    { module: RootModule, imports: answers ? [registry, EchoModule] : [registry] },
    { logger: ['error'] },
  );
  await application.get(PgRegistryNode).synced();
  return application;
}
