import { type FactoryProvider, Logger } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { LOG_CONTEXT, PgRegistryNode } from '../node';
import type { ListenerToken, RegistryListener } from '../scope';
import { InvalidOptionError } from '../term';
import { localTransport } from '../transport/local';
import { ModuleProcessFactory } from './module-process-factory';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type PgRegistryModuleOptions,
  type ScopeInput,
} from './pg-registry.module-definition';
import { RegistryTelemetry } from './registry.telemetry';
import { FEATURE_SCOPES, ROOT_SCOPES } from './tokens';

/**
 * Makes the node of the application, with every scope that any module names, so that all scopes run from the beginning, whatever
 * the order of the modules.
 */
export const nodeProvider: FactoryProvider<PgRegistryNode> = {
  provide: PgRegistryNode,
  inject: [
    MODULE_OPTIONS_TOKEN,
    ROOT_SCOPES,
    ModulesContainer,
    ModuleRef,
    ModuleProcessFactory,
    RegistryTelemetry,
  ],
  useFactory: (
    options: PgRegistryModuleOptions,
    scopes: readonly ScopeInput[],
    modules: ModulesContainer,
    moduleRef: ModuleRef,
    processFactory: ModuleProcessFactory,
    telemetry: RegistryTelemetry,
  ) => {
    refuseSecondRoot(modules);
    checkGiven(options);
    const node: PgRegistryNode = new PgRegistryNode(
      { ...telemetry.options, ...options, scopes: [...scopes, ...featureScopes(modules)] },
      {
        logger: new Logger(LOG_CONTEXT),
        scopeLogger: (scope) => new Logger(`${LOG_CONTEXT}:${scope}`),
        defaultTransport: localTransport,
        resolveListener: (token) => resolveListener(moduleRef, token),
        tracer: telemetry.tracer,
        telemetry: telemetry.ofNode(() => node.name),
      },
    );
    node.processes.useFactory(processFactory);
    return node;
  },
};

function refuseSecondRoot(modules: ModulesContainer): void {
  const roots = [...modules.values()].filter(
    ({ metatype }) => metatype.prototype instanceof ConfigurableModuleClass,
  );
  if (roots.length < 2) return;
  throw new InvalidOptionError(
    'PgRegistryModule.forRoot must be called once in an application, because an application is one node (it was called twice). ' +
      'Call it in the root module, and add scopes elsewhere with PgRegistryModule.forFeature(scope). In tests, createTestCluster calls it for your modules.',
    { option: 'forRoot' },
  );
}

/** Checks what the factory of forRootAsync returned. */
function checkGiven(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError(
      `The factory of forRootAsync must return an object of options, {} for the defaults (got ${String(options)}).`,
      { option: 'useFactory' },
    );
  }
  if (!('scopes' in options)) return;
  throw new InvalidOptionError(
    "The factory of forRootAsync must not return 'scopes', because their tokens exist before it runs. Put them beside it: " +
      'forRootAsync({ scopes: […], useFactory }).',
    { option: 'scopes' },
  );
}

function featureScopes(modules: ModulesContainer): readonly ScopeInput[] {
  return [...modules.values()].flatMap(
    ({ providers }) => (providers.get(FEATURE_SCOPES)?.instance ?? []) as readonly ScopeInput[],
  );
}

/** Finds the provider of a listener's token, at each delivery, so that a provider may be replaced or missing. */
function resolveListener(moduleRef: ModuleRef, token: ListenerToken): RegistryListener | undefined {
  try {
    return moduleRef.get<ListenerToken, RegistryListener>(token, { strict: false });
  } catch {
    // Not provided, or request-scoped and without an instance: skipped, like an unbound name in Elixir's `Registry`.
    return undefined;
  }
}
