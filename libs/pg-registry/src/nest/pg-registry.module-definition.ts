import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
import { type NodeOptions, PgRegistryNode } from '../node';
import {
  DEFAULT_SCOPE,
  PgRegistryService,
  type ScopeDefinition,
  type ScopeOptions,
  scopeName,
} from '../scope';
import { InvalidOptionError } from '../term';
import { getRegistryToken, ROOT_SCOPES } from './tokens';

/** A scope as the module takes it: a name, options, or what `defineScope` returned. */
export type ScopeInput = string | ScopeOptions | ScopeDefinition;

/** What a node is started with, except for the scopes, which have to be known before any factory runs. */
export type PgRegistryModuleOptions = Omit<NodeOptions, 'scopes'>;

/** Implement it to give the options by a class: `forRootAsync({ useClass })` or `useExisting`. */
export interface PgRegistryOptionsFactory {
  /** Gives the options; asked once, before the node is made. What it throws aborts the start. */
  createPgRegistryOptions(): PgRegistryModuleOptions | Promise<PgRegistryModuleOptions>;
}

/** The part of the options that decides which tokens exist. */
interface ModuleExtras {
  /** Scopes to start with; their registries can be injected everywhere. */
  scopes?: readonly ScopeInput[];
}

/** The skeleton of the core module: `forRoot` and `forRootAsync` in Nest's usual shapes, global, with a token per scope. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<PgRegistryModuleOptions>({ moduleName: 'PgRegistry' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createPgRegistryOptions')
    .setExtras<ModuleExtras>({ scopes: [] }, (definition, { scopes = [] }) => withScopes(definition, scopes))
    .build();

/** A provider that gives the registry of a scope, started with these options unless it runs with equal ones. */
export function registryProvider(scope: ScopeInput): Provider {
  return {
    provide: getRegistryToken(scopeName(scope)),
    inject: [PgRegistryNode],
    useFactory: (node: PgRegistryNode) => node.ensureScope(scope),
  };
}

/** @throws InvalidOptionError if the scopes are no list of names, options and definitions. */
function withScopes(definition: DynamicModule, scopes: readonly ScopeInput[]): DynamicModule {
  if (!Array.isArray(scopes)) {
    throw new InvalidOptionError("Option 'scopes' is a list of names, options and definitions.", {
      option: 'scopes',
    });
  }
  // The default scope is provided by the core module itself.
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
