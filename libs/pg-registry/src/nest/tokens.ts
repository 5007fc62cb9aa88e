import { Inject, type InjectionToken } from '@nestjs/common';
import { PgRegistryNode } from '../node';
import { DEFAULT_SCOPE, PgRegistryService, type ScopeDefinition, scopeName } from '../scope';
import { quoteText } from '../term';

/** Token of the scopes given to `forRoot`. */
export const ROOT_SCOPES = Symbol('PG_REGISTRY_ROOT_SCOPES');

/** Token of the scopes given to one `forFeature`. Each such module provides its own. */
export const FEATURE_SCOPES = Symbol('PG_REGISTRY_FEATURE_SCOPES');

/**
 * Returns the token of a scope's registry. The token of the default scope `'pg'` is the class {@link PgRegistryService} itself,
 * so that it can be injected by type. Mirrors `getQueueToken` of `@nestjs/bull`.
 *
 * @param scope A scope's name or its definition by `defineScope`.
 * @throws InvalidOptionError if the name is not valid.
 */
export function getRegistryToken(scope: string | ScopeDefinition = DEFAULT_SCOPE): InjectionToken {
  const name = scopeName(scope);
  return name === DEFAULT_SCOPE ? PgRegistryService : tokenText(name);
}

/**
 * The token as Nest prints it when it finds no provider: nothing else can explain what is missing then, because a scope that no module
 * names has no code that runs.
 */
function tokenText(scope: string): string {
  const name = quoteText(scope);
  return (
    `PgRegistryService of scope ${name} (name the scope in PgRegistryModule.forRoot({ scopes: [${name}] }), ` +
    `or import PgRegistryModule.forFeature(${name}) in this module)`
  );
}

/**
 * Injects the {@link PgRegistryService} of a scope. Name the scope in `forRoot({ scopes })` or in a `forFeature(scope)` that
 * the module imports; otherwise Nest reports an unknown dependency, and its message says both.
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
