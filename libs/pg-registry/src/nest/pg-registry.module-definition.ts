import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
import { type NodeOptions, PgRegistryNode } from '../node';
import {
  DEFAULT_SCOPE,
  PgRegistryService,
  type ScopeDefinition,
  type ScopeOptions,
  scopeName,
} from '../scope';
import { OptionChecks } from '../term';
import { getRegistryToken, ROOT_SCOPES } from './tokens';

/** A scope for the module: a name, options, or the result of `defineScope`. */
export type ScopeInput = string | ScopeOptions | ScopeDefinition;

/** The options of a node, except for its scopes, which must be known before any factory runs. */
export type PgRegistryModuleOptions = Omit<NodeOptions, 'scopes'>;

/** Implement it to provide the options by a class: `forRootAsync({ useClass })` or `useExisting`. */
export interface PgRegistryOptionsFactory {
  /** Returns the options. Called once, before the node is made. What it throws aborts the start. */
  createPgRegistryOptions(): PgRegistryModuleOptions | Promise<PgRegistryModuleOptions>;
}

/** Options that decide which tokens exist. */
interface ModuleExtras {
  /** Scopes to start. Their registries can be injected everywhere. */
  scopes?: readonly ScopeInput[];
}

/** The base of `PgRegistryNodeModule`: `forRoot` and `forRootAsync` in Nest's usual shapes, global, with a token per scope. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<PgRegistryModuleOptions>({ moduleName: 'PgRegistry' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createPgRegistryOptions')
    .setExtras<ModuleExtras>({ scopes: [] }, (definition, { scopes = [] }) => withScopes(definition, scopes))
    .build();

/** Makes the provider of a scope's registry. It starts the scope unless it runs with equal options. */
export function registryProvider(scope: ScopeInput): Provider {
  return {
    provide: getRegistryToken(scopeName(scope)),
    inject: [PgRegistryNode],
    useFactory: (node: PgRegistryNode) => node.ensureScope(scope),
  };
}

const CHECKS: OptionChecks = new OptionChecks('Nothing was started.');

/** Adds the providers of the scopes. @throws InvalidOptionError unless they are a list. */
function withScopes(definition: DynamicModule, scopes: readonly ScopeInput[]): DynamicModule {
  CHECKS.list('scopes', scopes, 'a list of names, options and definitions');
  // PgRegistryNodeModule itself provides the default scope.
  const others = [...new Set(scopes.map(scopeName))].filter((name) => name !== DEFAULT_SCOPE);
  return {
    ...definition,
    global: true,
    providers: [
      ...(definition.providers ?? []),
      { provide: ROOT_SCOPES, useValue: scopes },
      ...others.map(registryProvider),
    ],
    exports: [
      ...(definition.exports ?? []),
      PgRegistryService,
      ...others.map((name) => getRegistryToken(name)),
    ],
  };
}
