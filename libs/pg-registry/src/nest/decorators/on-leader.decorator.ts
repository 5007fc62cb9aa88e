import 'reflect-metadata';
import type { ClusterNames } from '../../names';
import { InvalidArgumentError, type Key } from '../../term';
import { MethodMetadata } from './method-metadata';
import { warnWithoutRegistry } from './missing-registry';

/** The metadata of `@OnLeader`. */
export interface LeaderMethod {
  readonly key: Key;
}

type Method = (this: object, ...args: unknown[]) => unknown;

const METADATA = 'pg-registry:leader-methods';

/** The metadata of `@OnLeader`. */
export const leaderMethods = new MethodMetadata<LeaderMethod>(METADATA, 'OnLeader');

/**
 * The names that decide for an instance. By instance, because the methods are wrapped when their class is made, and one class may have instances
 * on several nodes of one Node.js process.
 */
const namesOf = new WeakMap<object, ClusterNames>();

/**
 * Runs the method only while this node holds `key`; a call returns undefined otherwise, and before the application has bootstrapped. So a
 * method with `@Cron`, `@Interval` or `@Timeout` of `@nestjs/schedule` runs on one node of the cluster; the order of the decorators does not matter.
 *
 * All methods of one key share one campaign, of the root process, from the bootstrap until the node drains. After a loss the node campaigns again,
 * with growing pauses. Inside the method `ClusterNames.held(key)` is the claim: give its `token` to what you write to, and call its
 * `assertHeld()` right before. A run that began before the claim was lost goes on, and may overlap one of the next holder.
 *
 * The bootstrap fails with InvalidOptionError, naming class and method, for a request-scoped or transient class, a key without a normal form, a
 * method that overrides one with `@OnLeader` and has none itself, and if option `names` is false. In an application without
 * `PgRegistryModule.forRoot` the method never runs, and a warning says so. Mirrors `:global.register_name` around a periodic server.
 *
 * @param key The key in {@link ClusterNames}, which all nodes share.
 * @throws InvalidArgumentError if the key is missing; on anything but an instance method; for a second one on the same method.
 *
 * @example
 * ```ts
 * @OnLeader('reports')
 * @Cron('0 * * * *')
 * async send() { await this.write(this.names.held('reports')!.token); }
 * ```
 */
export function OnLeader(key: Key): MethodDecorator {
  if ((key as Key | undefined) === undefined)
    throw new InvalidArgumentError('@OnLeader(key) must be given a key (got none).');
  return (prototype, method, descriptor) => {
    if (Reflect.hasOwnMetadata(METADATA, prototype, method)) {
      throw new InvalidArgumentError(
        `${prototype.constructor.name}.${String(method)} must have one @OnLeader (it has two): one node may never hold both keys.`,
      );
    }
    leaderMethods.add(prototype, method, { key });
    warnWithoutRegistry(prototype.constructor as never, '@OnLeader', 'so its methods with it never run');
    const described: PropertyDescriptor = descriptor;
    described.value = guarded(described.value as Method, key);
  };
}

/** Lets the methods of an instance run whenever these names hold their keys. */
export function guardBy(names: ClusterNames, instance: object): void {
  namesOf.set(instance, names);
}

/** Whether a method overrides one with `@OnLeader` and has none itself, so that it would run on every node. */
export function losesLeader(prototype: object, method: string): boolean {
  let owner = prototype;
  while (!Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as object;
  return !Reflect.hasOwnMetadata(METADATA, owner, method);
}

/** Wraps a method, and keeps what other decorators left on it and what they read of it. */
function guarded(method: Method, key: Key): Method {
  const wrapper = function (this: object, ...args: unknown[]): unknown {
    return namesOf.get(this)?.held(key) === undefined ? undefined : method.apply(this, args);
  };
  for (const name of ['name', 'length'])
    Object.defineProperty(wrapper, name, Object.getOwnPropertyDescriptor(method, name)!);
  for (const metadata of Reflect.getOwnMetadataKeys(method) as unknown[])
    Reflect.defineMetadata(metadata, Reflect.getOwnMetadata(metadata, method), wrapper);
  return wrapper;
}
