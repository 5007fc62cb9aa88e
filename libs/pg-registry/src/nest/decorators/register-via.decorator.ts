import 'reflect-metadata';
import type { Key, Value } from '../../term';
import type { ScopeDefinition } from '../../scope';

/** One `@RegisterVia` of a class, as the explorer reads it. */
export interface ViaRegistration<T = object> {
  readonly scope: string;
  readonly key: Key | ((instance: T) => Key);
  readonly value: Value | ((instance: T) => Value);
  readonly serial: boolean;
}

/** How the calls of a registered provider are handled. */
export interface RegisterViaOptions {
  /** One call at a time, in the order of arrival, like an Erlang process. Default: concurrent, like a controller. */
  readonly serial?: boolean;
}

const METADATA = 'pg-registry:register-via';

/**
 * Registers the provider or controller as a process of its own, under `key` of `scope`, once the application has
 * started: after every `onApplicationBootstrap`, so that no call reaches a half-started provider. The entry leaves
 * before anything is destroyed. Repeatable. Mirrors starting a `GenServer` with `name: {:via, PgRegistry, {scope, key}}`.
 *
 * A request-scoped class is registered once, with a literal key and value, and each call gets a sub-tree of its own, in which
 * `@Inject(REQUEST)` gives a `CallRequest`. What is registered is not inherited: a subclass says it for itself.
 *
 * @param key   A key, or a function of the instance that gives one.
 * @param value The entry's value, or a function of the instance that gives one. Default `null`.
 * @throws At bootstrap, naming the class: transient providers; functions of the instance on request-scoped ones; a
 *   unique key that somebody on this node holds already.
 *
 * @example
 * ```ts
 * @Injectable()
 * @RegisterVia('workers', ['pdf', 'render'], (self: Renderer) => ({ version: self.version }))
 * class Renderer { … }
 * ```
 */
export function RegisterVia<T extends object>(
  scope: string | ScopeDefinition,
  key: Key | ((instance: T) => Key),
  value: Value | ((instance: T) => Value) = null,
  { serial = false }: RegisterViaOptions = {},
): (target: new (...args: never[]) => T) => void {
  return (target) => {
    const name = typeof scope === 'string' ? scope : scope.name;
    const registration = { scope: name, key, value, serial } as ViaRegistration;
    // Decorators run bottom-up; the list reads top-down.
    Reflect.defineMetadata(METADATA, [registration, ...viaRegistrationsOf(target)], target);
  };
}

/** What `@RegisterVia` said of exactly this class, in the order of the source. */
export function viaRegistrationsOf(target: object): readonly ViaRegistration[] {
  return (Reflect.getOwnMetadata(METADATA, target) as ViaRegistration[] | undefined) ?? [];
}
