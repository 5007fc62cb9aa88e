import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { natsTransport, PgRegistryModule } from 'nestjs-pg-registry';
import { PgRegistryClient, PgRegistryServer } from 'nestjs-pg-registry/microservice';
import { firstValueFrom } from 'rxjs';

/** The same with the optional peers installed. */
@Controller()
class Sums {
  @MessagePattern('sum')
  sum(numbers: readonly number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

@Module({ imports: [PgRegistryModule.forRoot()], controllers: [Sums] })
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  app.connectMicroservice({ strategy: app.get(PgRegistryServer) });
  await app.startAllMicroservices();
  await app.init();
  console.log(await firstValueFrom(app.get(PgRegistryClient).send<number>('sum', [1, 2, 39])));
  await app.close();
  console.log(natsTransport({ servers: 'nats://127.0.0.1:4222' }).kind);
}
void main();
