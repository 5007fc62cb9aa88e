import { Processes } from '../lifetime';
import type { Diff, RemoteOperation } from '../table';
import { DEFAULT_VALUE_LIMITS, FIXED_SEED, PidInterner, type Key, type Pid, type Value } from '../term';
import type { Cause } from './event';
import type { ScopeDeps } from './scope-deps';
import type { ListenerToken, RegistryListener } from './listener';
import { normalScopeOptions, type ScopeOptions } from './scope-options';
import type { Row } from './row-types';
import { Scope } from './scope';
import { PgRegistryService } from './pg-registry-service';

const HERE = '00000000000000aa';
const THERE = '00000000000000bb';

/** Processes that one join may have on the fake node. */
export const MAX_JOIN = 1000;

/** A node without peers, for specs: what a {@link ScopeDeps} is asked and told is there to read. */
export class FakeNode implements ScopeDeps {
  readonly pids = new PidInterner();
  readonly processes = new Processes({ node: 'here', incarnation: HERE, pids: this.pids });
  readonly seed = FIXED_SEED;
  readonly limits = DEFAULT_VALUE_LIMITS;
  readonly logged: string[] = [];
  readonly sent: { pid: Pid; message: unknown }[] = [];
  readonly provided = new Map<ListenerToken, RegistryListener>();
  readonly logger = {
    error: (_scope: string, _kind: string, message: string) => void this.logged.push(message),
  };
  readonly numbers = { last: 0 };
  deliveriesPerTurn = 3000;
  /** What waits for the end of the turn. */
  readonly #waiting = new Set<() => void>();

  readonly afterTurn = (run: () => void): (() => void) => {
    this.#waiting.add(run);
    return () => void this.#waiting.delete(run);
  };

  /** Ends the turn of the event loop. Returns whether anything waited for it. */
  endTurn(): boolean {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const run of waiting) run();
    return waiting.length > 0;
  }

  runningScopes(): readonly string[] {
    return ['pg', 'others'];
  }

  resolveListener(token: ListenerToken): RegistryListener | undefined {
    return this.provided.get(token);
  }

  send(pid: Pid, message: unknown): void {
    this.sent.push({ pid, message });
  }
}

/** One scope on a fake node, and a peer to hear of. */
export class LoneScope<R extends Row = Row> {
  readonly node: FakeNode;
  readonly registry: PgRegistryService<R>;
  /** Every diff that went to the peers, by operation number. */
  readonly replicated: Diff[] = [];
  run: Scope;
  #remoteNumber = 0;

  constructor(options: Partial<ScopeOptions> = {}, node = new FakeNode()) {
    this.node = node;
    const all = normalScopeOptions({ name: 'test', ...options });
    this.registry = new PgRegistryService<R>(all.name, node);
    this.run = this.start(all);
  }

  /** Starts the next run. */
  start(options: ScopeOptions = this.run.options): Scope {
    const normal = normalScopeOptions(options);
    const { replicated } = this;
    replicated.length = 0;
    this.run = new Scope(normal, this.node, () => ({
      operations: {
        get last() {
          return replicated.length;
        },
      },
      fits: (pids) => pids <= MAX_JOIN,
      write: (diff) => void replicated.push(diff),
      replicated: () => Promise.resolve(),
      stop: () => undefined,
    }));
    this.registry.attach(this.run);
    return this.run;
  }

  /** A pid of the peer. */
  remotePid(id: number): Pid {
    return this.node.pids.intern('there', THERE, id);
  }

  /** Lets the peer register one of its processes. */
  remoteJoin(key: Key, id: number, value: Value = null): void {
    const number = (this.#remoteNumber += 1);
    const entries = [{ number, pid: this.remotePid(id), value }];
    this.#apply({ number, groups: [{ kind: 'join', key, entries }] });
  }

  /** Loses the peer. */
  remoteGone(): void {
    this.run.applyDiff(this.run.table.remote(THERE).removeNewest(), 'node-down');
  }

  #apply(operation: RemoteOperation, cause: Cause = 'peer'): void {
    this.run.applyDiff(this.run.table.remote(THERE).apply(operation, Infinity), cause);
  }
}

/** Calls a method the way JavaScript without types can. */
export function callLoosely(target: object, method: string, ...args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(target, method), target, args);
}
