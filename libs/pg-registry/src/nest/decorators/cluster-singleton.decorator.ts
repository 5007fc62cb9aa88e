import 'reflect-metadata';
import type { Claim } from '../../names';
import { InvalidArgumentError, type Key, type LossReason } from '../../term';
import { warnWithoutRegistry } from './missing-registry';

/** Options of `@ClusterSingleton`. */
export interface ClusterSingletonOptions {
  /** Whether calls run one at a time, in the order of arrival, like in an Erlang process. Default: concurrently, like in a controller. */
  readonly serial?: boolean;
}

/** Hooks that a class with `@ClusterSingleton` may implement. Both run as the process that holds the key. */
export interface ClusterSingletonLifecycle {
  /**
   * Runs when this node has got the key, before the first call is delivered. If it throws, the key is given back, and the node contends for
   * it again later.
   *
   * @param claim Its `token` goes to whatever is written to; `assertHeld()` belongs right before each side effect.
   */
  onElected?(claim: Claim): unknown;
  /**
   * Runs once after each {@link onElected}, also one that threw or still runs: in the turn in which the claim has ended, before anything else is delivered. If
   * the node drains, others get the key when it has returned, 5 s later at the latest unless the node's `exitTimeoutMs` says otherwise.
   */
  onDeposed?(reason: LossReason): unknown;
}

/** The metadata of `@ClusterSingleton`. */
export interface SingletonElection {
  readonly key: Key;
  readonly serial: boolean;
}

const METADATA = 'pg-registry:cluster-singleton';

/**
 * Lets the instances of a class contend for `key`, one on each node that provides the class; at most one of them is elected at a time. Its
 * `@HandleCall`, `@HandleCast` and `@HandleMessage` methods answer only while it is; callers use `clusterName(key)` from any node. The class may
 * implement {@link ClusterSingletonLifecycle}.
 *
 * It contends from the bootstrap until the node drains, again after each loss, with growing pauses. Each term is a process of its own, which
 * holds the key and ends with the claim: what it has not begun to handle goes to the next holder, and what it is handling fails with
 * ProcessExitedError and aborts the signal of its context. Before each delivery the library asks the clocks whether the claim is held.
 * Methods with `@OnLeader` of the same key run on the node of the elected instance. Subclasses do not inherit the decorator.
 *
 * The bootstrap fails with InvalidOptionError, naming the class, for a request-scoped or transient class, a key without a normal form or of another singleton of
 * the node, a class that has `@RegisterVia`, too, and if option `names` is false. In an application without `PgRegistryModule.forRoot` the
 * class is never elected, and a warning says so. Mirrors a `GenServer` that is registered with `{:global, name}`, as in Singleton of Horde.
 *
 * @param key The key in {@link ClusterNames}, which all nodes share.
 * @throws InvalidArgumentError if the key is missing; for a second one on the same class.
 *
 * @example
 * ```ts
 * @Injectable()
 * @ClusterSingleton('scheduler')
 * class Scheduler implements ClusterSingletonLifecycle {
 *   async onElected(claim: Claim) { this.plan = await this.store.load(claim.token); }
 *   @HandleCall() next() { return this.plan.next(); }
 *   onDeposed() { this.plan = undefined; }
 * }
 *
 * await processes.call(clusterName('scheduler'), 'next');
 * ```
 */
export function ClusterSingleton(
  key: Key,
  { serial = false }: ClusterSingletonOptions = {},
): (target: new (...args: never[]) => object) => void {
  if ((key as Key | undefined) === undefined)
    throw new InvalidArgumentError('@ClusterSingleton(key) must be given a key (got none).');
  return (target) => {
    if (singletonElectionOf(target) !== undefined)
      throw new InvalidArgumentError(`${target.name} must have one @ClusterSingleton (it has two).`);
    warnWithoutRegistry(target, '@ClusterSingleton', 'so it is never elected');
    Reflect.defineMetadata(METADATA, { key, serial }, target);
  };
}

/** Reads the `@ClusterSingleton` of exactly this class. */
export function singletonElectionOf(target: object): SingletonElection | undefined {
  return Reflect.getOwnMetadata(METADATA, target) as SingletonElection | undefined;
}
