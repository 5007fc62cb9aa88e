import { type FactoryProvider, Logger } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { PgRegistryNode } from '../node';
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
import { FEATURE_SCOPES, LOG_CONTEXT, ROOT_SCOPES } from './tokens';

/**
 * Makes the node of the application, with every scope that any module names: it does not matter which module comes first,
 * and all of them run from the beginning.
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
        observer: telemetry.observer(() => node.name),
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
    'PgRegistryModule.forRoot was called twice in one application. One application is one node: call it once, in the root ' +
      'module, and add scopes elsewhere with PgRegistryModule.forFeature(scope).',
    { option: 'forRoot' },
  );
}

/** What a factory gave. The tokens of scopes are made before it runs. */
function checkGiven(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError(
      `The factory of forRootAsync gave ${String(options)}; it returns an object of options, {} for the defaults.`,
      { option: 'useFactory' },
    );
  }
  if (!('scopes' in options)) return;
  throw new InvalidOptionError(
    "The factory of forRootAsync gave 'scopes'; they have to be known before it runs. Put them beside it: " +
      'forRootAsync({ scopes: […], useFactory }).',
    { option: 'scopes' },
  );
}

function featureScopes(modules: ModulesContainer): readonly ScopeInput[] {
  return [...modules.values()].flatMap(
    ({ providers }) => (providers.get(FEATURE_SCOPES)?.instance ?? []) as readonly ScopeInput[],
  );
}

/** Asked at each delivery, so that a provider that is replaced or missing is nobody's error. */
function resolveListener(moduleRef: ModuleRef, token: ListenerToken): RegistryListener | undefined {
  try {
    return moduleRef.get<ListenerToken, RegistryListener>(token, { strict: false });
  } catch {
    // Not provided, or request-scoped and without an instance of its own: skipped, as an unbound name is in `Registry`.
    return undefined;
  }
}
