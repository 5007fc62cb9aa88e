import type { DynamicModule, INestApplicationContext, LoggerService, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { filter, firstValueFrom } from 'rxjs';
import { PgRegistryNode } from '../node';
import { ProcessService } from '../process';
import type { PgRegistryService } from '../scope';
import type { Key } from '../term';
import { localBus, localTransport } from '../transport/local';
import { PgRegistryModule } from './pg-registry.module';
import type { PgRegistryModuleOptions, ScopeInput } from './pg-registry.module-definition';
import { getRegistryToken } from './tokens';

/** What `forRoot` takes. */
export type RootOptions = PgRegistryModuleOptions & { readonly scopes?: readonly ScopeInput[] };

/** One line of a log, as Nest's `Logger` hands it to the logger of the application. */
export interface LogLine {
  readonly level: 'log' | 'warn' | 'error';
  readonly message: string;
  readonly context: string;
}

/** A logger that only remembers. */
export class MemoryLogger implements LoggerService {
  readonly lines: LogLine[] = [];

  log(message: unknown, ...rest: unknown[]): void {
    this.#add('log', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.#add('warn', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.#add('error', message, rest);
  }

  /** The lines of this library. */
  get own(): readonly LogLine[] {
    return this.lines.filter(({ context }) => context === 'PgRegistry' || context.startsWith('PgRegistry:'));
  }

  #add(level: LogLine['level'], message: unknown, rest: unknown[]): void {
    this.lines.push({ level, message: String(message), context: String(rest.at(-1)) });
  }
}

/** A running application, and what tests ask it for. */
export class Application {
  constructor(readonly context: INestApplicationContext) {}

  get node(): PgRegistryNode {
    return this.context.get(PgRegistryNode);
  }

  get processes(): ProcessService {
    return this.context.get(ProcessService);
  }

  registry(scope?: string): PgRegistryService {
    return this.context.get<PgRegistryService>(getRegistryToken(scope));
  }

  /** Resolves when a key has so many entries here. */
  async seen(key: Key, count: number, scope?: string): Promise<void> {
    const entries = this.registry(scope).watch(key);
    await firstValueFrom(entries.pipe(filter(({ length }) => length === count)));
  }
}

/** Nest applications on one bus, closed by `closeAll`. */
export class Applications {
  readonly bus = localBus();
  readonly logger = new MemoryLogger();
  readonly #contexts: INestApplicationContext[] = [];

  /** Starts an application context whose root module has this metadata beside `PgRegistryModule.forRoot(options)`. */
  async start(metadata: ModuleMetadata = {}, options: RootOptions = {}): Promise<Application> {
    const root = PgRegistryModule.forRoot({ transport: localTransport({ bus: this.bus }), ...options });
    return await this.startModule({ ...metadata, imports: [root, ...(metadata.imports ?? [])] });
  }

  /** Starts an application context whose root module has this metadata. */
  async startModule(metadata: ModuleMetadata): Promise<Application> {
    const { logger } = this;
    const context = await NestFactory.createApplicationContext(rootModule(metadata), {
      logger,
      abortOnError: false,
    });
    this.#contexts.push(context);
    return new Application(context);
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
  }
}

/** A root module of its own for each application. */
export function rootModule(metadata: ModuleMetadata): DynamicModule {
  class RootModule {}
  return { module: RootModule, ...metadata };
}
