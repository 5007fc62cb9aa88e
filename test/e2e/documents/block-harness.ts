import { type INestApplicationContext, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  getRegistryToken,
  PgRegistryModule,
  PgRegistryNode,
  PgRegistryService,
  ProcessService,
} from 'nestjs-pg-registry';
import { blocksOf, type CodeBlock } from '../../support/code-blocks';
import { BlockModule, type Globals } from './block-module';

/** The page whose first block is what others import as './app.js'. */
const APP = 'docs/guide/processes-and-names.md';

/** What an exercise works with: the block, and applications for it that end with the exercise. */
export class BlockHarness {
  readonly #applications: INestApplicationContext[] = [];
  #app: BlockModule | undefined;

  constructor(
    readonly block: CodeBlock,
    /** A nats-server without a configuration. */
    readonly url: string,
  ) {}

  /** What './app.js' stands for in this block: one module per exercise, so that its classes are the same everywhere. */
  get app(): BlockModule<{ readonly AppModule: Type; readonly Renderer: Type }> {
    this.#app ??= new BlockModule(blocksOf(APP)[0]);
    return this.#app as BlockModule<{ readonly AppModule: Type; readonly Renderer: Type }>;
  }

  /** Runs the block, with replacements for globals and packages. */
  run<E extends object>(globals: Globals = {}, packages: Globals = {}): BlockModule<E> {
    return new BlockModule<E>(this.block, {
      modules: { './app.js': this.app.exports, ...packages },
      globals,
    });
  }

  /** Starts an application whose module imports its own registry. */
  async start(module: Type): Promise<INestApplicationContext> {
    const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'fatal'] });
    this.#applications.push(app);
    return app;
  }

  /** Starts an application with providers of the block; its functions get the registry of `scope`. */
  async surround(
    { imports = [], ...metadata }: ModuleMetadata = {},
    scope: { readonly name: string; readonly keys?: 'unique' } = { name: 'pg' },
  ): Promise<Surroundings> {
    @Module({ imports: [PgRegistryModule.forRoot({ scopes: [scope] }), ...imports], ...metadata })
    class Surrounding {}
    const app = await this.start(Surrounding);
    return {
      app,
      node: app.get(PgRegistryNode),
      registry: app.get<PgRegistryService>(getRegistryToken(scope.name)),
      processes: app.get(ProcessService),
    };
  }

  async close(): Promise<void> {
    for (const app of this.#applications) await app.close();
  }
}

/** An application, and the parts of it that functions of blocks take. */
export interface Surroundings {
  readonly app: INestApplicationContext;
  readonly node: PgRegistryNode;
  readonly registry: PgRegistryService;
  readonly processes: ProcessService;
}
