import { Inject, type InjectionToken } from '@nestjs/common';
import { PgRegistryNode } from '../node';
import { DEFAULT_SCOPE, PgRegistryService, type ScopeDefinition, scopeName } from '../scope';

/** The scopes given to `forRoot`. Internal to the module. */
export const ROOT_SCOPES = Symbol('PG_REGISTRY_ROOT_SCOPES');

/** The scopes given to one `forFeature`; every such module provides its own. Internal to the module. */
export const FEATURE_SCOPES = Symbol('PG_REGISTRY_FEATURE_SCOPES');

/** What Nest's logger puts in brackets before each line of this library; behind it, after a colon, the scope if it is about one. */
export const LOG_CONTEXT = 'PgRegistry';

/**
 * The token under which the registry of a scope is provided. The default scope `'pg'` is provided under the class
 * {@link PgRegistryService} itself, so that it can be injected by type. Mirrors `getQueueToken` of `@nestjs/bull`.
 *
 * @param scope A scope's name or its definition by `defineScope`.
 * @throws InvalidOptionError if that is no name of a scope.
 */
export function getRegistryToken(scope: string | ScopeDefinition = DEFAULT_SCOPE): InjectionToken {
  const name = scopeName(scope);
  return name === DEFAULT_SCOPE ? PgRegistryService : `PG_REGISTRY_SCOPE:${name}`;
}

/**
 * Injects the {@link PgRegistryService} of a scope. The scope has to be named in `forRoot({ scopes })` or in a
 * `forFeature(scope)` that the module imports; otherwise Nest reports an unknown dependency with the scope in its token.
 */
export function InjectRegistry(
  scope: string | ScopeDefinition = DEFAULT_SCOPE,
): ParameterDecorator & PropertyDecorator {
  return Inject(getRegistryToken(scope));
}

/** Injects the {@link PgRegistryNode} of this application. The same as injecting by its type. */
export function InjectRegistryNode(): ParameterDecorator & PropertyDecorator {
  return Inject(PgRegistryNode);
}
