import { ENTITIES_SCOPE, HOSTS_SCOPE } from '../entities';
import { NAMES_SCOPE } from '../names';
import type { PeerProtocol, ScopeStream } from '../protocol';
import type { ReplicationPort, Scope } from '../scope';
import type { Clock } from './clock';
import type { ProtocolDriver } from './protocol-driver';
import type { ReplicationWaits } from './replication-waits';

/** What the replication of every scope of a node is given. */
export interface ScopeReplicationDeps {
  readonly protocol: PeerProtocol;
  readonly clock: Clock;
  readonly driver: Pick<ProtocolDriver, 'run'>;
  readonly waits: ReplicationWaits;
}

/**
 * The scopes that the library writes itself, each node one entry under a key at most, and reads at each call: a peer must not make these
 * reads long.
 */
const ONE_PER_KEY: ReadonlySet<string> = new Set([HOSTS_SCOPE, ENTITIES_SCOPE, NAMES_SCOPE]);

/** Starts the stream of a run of a scope. What the protocol wants done about it is done when the call returns. */
export function replicateScope(
  scope: Pick<Scope, 'name' | 'options' | 'table' | 'applyDiff'>,
  deps: ScopeReplicationDeps,
): ReplicationPort {
  const { name, table, options } = scope;
  const start = {
    scope: name,
    keys: options.keys,
    onePerKey: ONE_PER_KEY.has(name),
    table,
    receiver: scope,
  };
  const { stream, effects } = deps.protocol.startScope(start, deps.clock.now());
  deps.driver.run(effects);
  return new ScopeReplication(stream, deps);
}

/** Gives the stream of one run the time, and its effects to the driver. */
class ScopeReplication implements ReplicationPort {
  readonly operations: { readonly last: number };
  readonly #stream: ScopeStream;
  readonly #clock: Clock;
  readonly #driver: Pick<ProtocolDriver, 'run'>;
  readonly #waits: ReplicationWaits;

  constructor(stream: ScopeStream, { clock, driver, waits }: ScopeReplicationDeps) {
    this.operations = stream.operations;
    this.#stream = stream;
    this.#clock = clock;
    this.#driver = driver;
    this.#waits = waits;
  }

  fits(pids: number): boolean {
    return this.#stream.fits(pids);
  }

  write(diff: Parameters<ReplicationPort['write']>[0]): void {
    const stream = this.#stream;
    if (stream.followers.size === 0) stream.writeUnfollowed(diff);
    else this.#driver.run(stream.write(diff, this.#clock.now()));
  }

  async replicated(timeoutMs: number): Promise<void> {
    const { id, effects } = this.#stream.replicated(timeoutMs, this.#clock.now());
    const ended = this.#waits.start(id, timeoutMs);
    this.#driver.run(effects);
    await ended;
  }

  stop(): void {
    this.#driver.run(this.#stream.stop(this.#clock.now()));
  }
}
