import type { DynamicModule, INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { PgRegistryModule, type PgRegistryModuleOptions, type ScopeInput } from '../nest';
import type { Transport } from '../transport';

/** What may stand in the `imports` of a module. */
type ModuleImport = NonNullable<ModuleMetadata['imports']>[number];

/**
 * The times of a test cluster: nodes detect a crash after about 0.2 s and silence after 2 s, instead of 1 s and 15 s; the cluster names of a node that
 * says nothing can be taken after a second instead of ten.
 */
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
  /** Options of cluster names. */
  names: Object.freeze({
    /** How long a node that says nothing keeps its names, in milliseconds. */
    ttlMs: 1000,
  }),
});

/** The options of a test cluster. */
export interface TestClusterOptions {
  /** The number of nodes, which are then named `node1`, `node2` and so on, or their names. Default 3. */
  readonly nodes?: number | readonly string[];
  /** Modules that every application imports in addition to the registry, or a function that returns them for each. Default: none. */
  readonly modules?: readonly ModuleImport[] | ((settings: TestNodeSettings) => readonly ModuleImport[]);
  /** Options of every node, including its scopes. They override {@link TEST_TIMING}. */
  readonly options?: Omit<PgRegistryModuleOptions, 'node' | 'transport'> & {
    /** Scopes that run on every node, in addition to `'pg'`. */
    readonly scopes?: readonly ScopeInput[];
  };
  /**
   * Makes one application, for tests that replace providers or need HTTP. Default: an application context of
   * `settings.root` that logs errors only. If the application's own module calls `PgRegistryModule.forRoot`, pass
   * `settings.options` there and do not import `settings.root`.
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

/** The settings of one application of a test cluster. */
export interface TestNodeSettings {
  /** The node's name. */
  readonly node: string;
  /** The options for `PgRegistryModule.forRoot`, including name and transport. */
  readonly options: PgRegistryModuleOptions & {
    /** Scopes that run on every node, in addition to `'pg'`. */
    readonly scopes?: readonly ScopeInput[];
  };
  /** A module that imports `PgRegistryModule.forRoot(options)` and `modules`. */
  readonly root: DynamicModule;
}

/** The root module of each application: Nest identifies modules by their class. */
// oxlint-disable-next-line typescript/no-extraneous-class
class TestRootModule {}

/** Makes the settings of one node. */
export function settingsFor(node: string, transport: Transport, given: TestClusterOptions): TestNodeSettings {
  const { modules = [], options: own } = given;
  const options = { ...TEST_TIMING, ...own, node, transport };
  const root: DynamicModule = { module: TestRootModule, imports: [PgRegistryModule.forRoot(options)] };
  const settings = { node, options, root };
  root.imports!.push(...(typeof modules === 'function' ? modules(settings) : modules));
  return settings;
}

/** Returns the names of the nodes to start with. */
export function nodeNames({ nodes = 3 }: TestClusterOptions): readonly string[] {
  return typeof nodes === 'number' ? Array.from({ length: nodes }, (_, i) => `node${i + 1}`) : nodes;
}
