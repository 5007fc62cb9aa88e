import { type DynamicModule, Module } from '@nestjs/common';
import { PgRegistryModule, type Transport } from 'nestjs-pg-registry';
import { Coordinator } from './coordinator';
import { WordCounter } from './word-counter';

/** A node that counts. */
@Module({})
export class WorkerModule {
  static on(node: string, transport: Transport): DynamicModule {
    return {
      module: WorkerModule,
      imports: [PgRegistryModule.forRoot({ node, transport, scopes: ['workers'] })],
      providers: [WordCounter],
    };
  }
}

/** The node that distributes the work. */
@Module({})
export class CoordinatorModule {
  static on(node: string, transport: Transport): DynamicModule {
    return {
      module: CoordinatorModule,
      imports: [PgRegistryModule.forRoot({ node, transport, scopes: ['workers'] })],
      providers: [Coordinator],
    };
  }
}
