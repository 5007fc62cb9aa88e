import 'reflect-metadata';
import { InvalidArgumentError, quoteText, type Key, type Value } from '../../term';
import type { ScopeDefinition } from '../../scope';
import { warnWithoutRegistry } from './missing-registry';

/** The metadata of one `@RegisterVia`. */
export interface ViaRegistration<T = object> {
  readonly scope: string;
  readonly key: Key | ((instance: T) => Key);
  readonly value: Value | ((instance: T) => Value);
  readonly serial: boolean;
}

/** Options of a registered provider. */
export interface RegisterViaOptions {
  /** Whether calls run one at a time, in the order of arrival, like in an Erlang process. Default: concurrently, like in a controller. */
  readonly serial?: boolean;
}

const METADATA = 'pg-registry:register-via';

/**
 * Registers the provider or controller as a process of its own, under `key` of `scope`. It does so after every
 * `onApplicationBootstrap`, so that no call reaches a half-started provider, and removes the entry before anything is
 * destroyed. Repeatable. Mirrors starting a `GenServer` with `name: {:via, PgRegistry, {scope, key}}`.
 *
 * A request-scoped class is registered once, with a literal key and value. Each call gets an instance of its own, in whose
 * dependencies `@Inject(REQUEST)` gives a `CallRequest`. Subclasses do not inherit the registration.
 *
 * The bootstrap fails, naming the class, with InvalidOptionError for a transient provider or for a function of the instance on a
 * request-scoped one, and with AlreadyRegisteredError for a unique key that another process of this node holds. In an application
 * without `PgRegistryModule.forRoot` the decorator has no effect, and a warning says so.
 *
 * @param key   A key, or a function of the instance that returns one.
 * @param value The entry's value, or a function of the instance that returns one. Default `null`.
 * @throws InvalidArgumentError if the key is missing.
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
  const name = typeof scope === 'string' ? scope : scope.name;
  if ((key as Key | undefined) === undefined) {
    throw new InvalidArgumentError(
      `@RegisterVia(scope, key) must be given a scope and a key (got only ${quoteText(name)}). A key of the default scope is ` +
        `@RegisterVia('pg', ${quoteText(name)}).`,
    );
  }
  return (target) => {
    if (viaRegistrationsOf(target).length === 0)
      warnWithoutRegistry(target, '@RegisterVia', 'so nobody can find or call it');
    const registration = { scope: name, key, value, serial } as ViaRegistration;
    // Decorators run bottom-up, and the list has the order of the source.
    Reflect.defineMetadata(METADATA, [registration, ...viaRegistrationsOf(target)], target);
  };
}

/** Reads every `@RegisterVia` of exactly this class, in the order of the source. */
export function viaRegistrationsOf(target: object): readonly ViaRegistration[] {
  return (Reflect.getOwnMetadata(METADATA, target) as ViaRegistration[] | undefined) ?? [];
}
