import { DEFAULT_SCOPE, type ScopeDefinition } from '../../scope';
import { MethodMetadata } from './method-metadata';

/** The metadata of one `@OnRegister` or `@OnUnregister`. */
export interface ScopeListener {
  readonly event: 'onRegister' | 'onUnregister';
  readonly scope: string;
}

/** The metadata of `@OnRegister` and `@OnUnregister`. */
export const scopeListeners = new MethodMetadata<ScopeListener>(
  'pg-registry:scope-listeners',
  'OnRegister or @OnUnregister',
);

/**
 * Calls the method with `{ scope, key, pid, value }` for each entry that appears in the scope, wherever it was
 * registered, but not for updates. What the method throws is logged and affects nothing else. Mirrors the `listeners` of
 * Elixir's `Registry`.
 *
 * The bootstrap fails with InvalidOptionError, naming class and method, if the scope is not running or the class is request-scoped
 * or transient.
 */
export function OnRegister(scope: string | ScopeDefinition = DEFAULT_SCOPE): MethodDecorator {
  return listener('onRegister', scope);
}

/** Calls the method with `{ scope, key, pid }` for each entry that goes, for any reason. See {@link OnRegister}. */
export function OnUnregister(scope: string | ScopeDefinition = DEFAULT_SCOPE): MethodDecorator {
  return listener('onUnregister', scope);
}

function listener(event: ScopeListener['event'], scope: string | ScopeDefinition): MethodDecorator {
  const name = typeof scope === 'string' ? scope : scope.name;
  return (prototype, method) => scopeListeners.add(prototype, method, { event, scope: name });
}
