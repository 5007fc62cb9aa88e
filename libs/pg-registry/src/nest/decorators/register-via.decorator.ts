import 'reflect-metadata';
import type { Key, Value } from '../../term';
import type { ScopeDefinition } from '../../scope';

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
 * request-scoped one, and with AlreadyRegisteredError for a unique key that another process of this node holds.
 *
 * @param key   A key, or a function of the instance that returns one.
 * @param value The entry's value, or a function of the instance that returns one. Default `null`.
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
    // Decorators run bottom-up, and the list has the order of the source.
    Reflect.defineMetadata(METADATA, [registration, ...viaRegistrationsOf(target)], target);
  };
}

/** Reads every `@RegisterVia` of exactly this class, in the order of the source. */
export function viaRegistrationsOf(target: object): readonly ViaRegistration[] {
  return (Reflect.getOwnMetadata(METADATA, target) as ViaRegistration[] | undefined) ?? [];
}
