import type { DynamicModule, INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { PgRegistryModule, type PgRegistryModuleOptions, type ScopeInput } from '../nest';
import type { Transport } from '../transport';

/** What may stand in the `imports` of a module. */
type ModuleImport = NonNullable<ModuleMetadata['imports']>[number];

/** The liveness options of a test cluster: a crash shows after some 0.2 s, silence after 2 s, instead of 1 s and 15 s. */
export const TEST_TIMING = Object.freeze({
  helloIntervalMs: 500,
  probeIntervalMs: 50,
  probeTimeoutMs: 200,
  confirmMs: 100,
  rejoinGraceMs: 500,
  peerTimeoutMs: 2000,
  isolationTimeoutMs: 5000,
  drainAckMs: 200,
  settleMs: 50,
});

/** What a test cluster is made of. */
export interface TestClusterOptions {
  /** How many nodes, named `node1`, `node2` and so on, or their names. Default 3. */
  readonly nodes?: number | readonly string[];
  /** What every application imports beside the registry; a function is asked for each. Default: nothing. */
  readonly modules?: readonly ModuleImport[] | ((settings: TestNodeSettings) => readonly ModuleImport[]);
  /** Options of every node, scopes included, over {@link TEST_TIMING}. */
  readonly options?: Omit<PgRegistryModuleOptions, 'node' | 'transport'> & {
    /** Scopes that run on every node, beside `'pg'`. */
    readonly scopes?: readonly ScopeInput[];
  };
  /**
   * Makes one application, for tests that replace providers or need HTTP. Default: an application context of
   * `settings.root` that logs errors only. An application whose own module calls `PgRegistryModule.forRoot` does not import
   * `root` and passes `settings.options` there.
   *
   * @example
   * ```ts
   * application: async ({ root }) => {
   *   const testing = await Test.createTestingModule({ imports: [root] }).overrideProvider(Clock).useValue(clock).compile();
   *   return testing.createNestApplication();
   * },
   * ```
   */
  readonly application?: (
    settings: TestNodeSettings,
  ) => INestApplicationContext | Promise<INestApplicationContext>;
}

/** What one application of a test cluster is made from. */
export interface TestNodeSettings {
  /** The node's name. */
  readonly node: string;
  /** What to give to `PgRegistryModule.forRoot`: name, transport and options. */
  readonly options: PgRegistryModuleOptions & {
    /** Scopes that run on every node, beside `'pg'`. */
    readonly scopes?: readonly ScopeInput[];
  };
  /** A module that imports `PgRegistryModule.forRoot(options)` and `modules`. */
  readonly root: DynamicModule;
}

/** Nest names modules by their class. */
// oxlint-disable-next-line typescript/no-extraneous-class
class TestRootModule {}

/** The settings of one node. */
export function settingsFor(node: string, transport: Transport, given: TestClusterOptions): TestNodeSettings {
  const { modules = [], options: own } = given;
  const options = { ...TEST_TIMING, ...own, node, transport };
  const root: DynamicModule = { module: TestRootModule, imports: [PgRegistryModule.forRoot(options)] };
  const settings = { node, options, root };
  root.imports!.push(...(typeof modules === 'function' ? modules(settings) : modules));
  return settings;
}

/** The names of the nodes to start with. */
export function nodeNames({ nodes = 3 }: TestClusterOptions): readonly string[] {
  return typeof nodes === 'number' ? Array.from({ length: nodes }, (_, i) => `node${i + 1}`) : nodes;
}
