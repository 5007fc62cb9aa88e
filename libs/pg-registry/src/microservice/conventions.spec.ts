import { Controller, Inject, Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type AsyncMicroserviceOptions,
  type ClientProxy,
  ClientsModule,
  MessagePattern,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { PgRegistryModule } from '../nest';
import { PgRegistryClient, PgRegistryServer } from '.';

@Controller()
class SumController {
  @MessagePattern('sum')
  sum(numbers: readonly number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

@Injectable()
class Shop {
  constructor(@Inject('SUMS') readonly sums: ClientProxy) {}
}

@Module({
  imports: [PgRegistryModule.forRoot()],
  controllers: [SumController],
  providers: [Shop, { provide: 'SUMS', useExisting: PgRegistryClient }],
})
class AppModule {}

describe("Nest's own ways to make a microservice and its clients", () => {
  it('createMicroservice with useFactory serves the handlers, and a client by useExisting calls them', async () => {
    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(AppModule, {
      logger: false,
      inject: [PgRegistryServer],
      useFactory: (strategy: PgRegistryServer) => ({ strategy }),
    });
    try {
      await app.listen();
      expect(app.get(Shop).sums).toBe(app.get(PgRegistryClient));
      await expect(firstValueFrom(app.get(Shop).sums.send<number>('sum', [1, 2, 39]))).resolves.toBe(42);
    } finally {
      await app.close();
    }
  });

  it('customClass is refused, because it injects nothing, and the error says what to write instead', () => {
    expect(() =>
      ClientsModule.register([
        { name: 'SUMS', customClass: PgRegistryClient as unknown as Type<ClientProxy> },
      ]),
    ).toThrow(
      "PgRegistryClient must be made by Nest, because its node is injected; 'customClass' and 'new' inject nothing. " +
        "PgRegistryModule provides it: inject it by its type, or give it a token of yours by { provide: 'SHOP', useExisting: " +
        'PgRegistryClient }. Nothing was made.',
    );
    expect(() => Reflect.construct(PgRegistryServer, [])).toThrow(
      'PgRegistryModule provides it: take it as strategy: app.get(PgRegistryServer), or inject it into a useFactory.',
    );
  });
});
