import type { Key, Pid } from '../term';

/** What a listener is told of an entry that came: registered here, replicated, or learnt by a sync. */
export interface Registered<K = Key, V = unknown> {
  /** The name of the scope. */
  readonly scope: string;
  /** The key of the entry. */
  readonly key: K;
  /** The process that is registered. */
  readonly pid: Pid;
  /** The entry's value. */
  readonly value: V;
}

/** What a listener is told of an entry that went, whatever the cause. */
export interface Unregistered<K = Key> {
  /** The name of the scope. */
  readonly scope: string;
  /** The key of the entry. */
  readonly key: K;
  /** The process that was registered. */
  readonly pid: Pid;
}

/**
 * Hears of every entry that comes to a scope or goes, one call per entry; updates are not told. Mirrors the `listeners`
 * of `Registry.start_link/1`.
 *
 * A batch goes whole to one listener, then to the next; subscribers are served before listeners. What a method throws is
 * logged and harms nobody.
 */
export interface RegistryListener {
  /** An entry came. It is readable already. */
  onRegister?(entry: Registered): void;
  /** An entry went. It is not readable any more. */
  onUnregister?(entry: Unregistered): void;
}

/**
 * Names a listener that the application provides: it is resolved at each delivery, and skipped while nobody answers. Nest's
 * `InjectionToken`.
 */
// oxlint-disable-next-line typescript/no-unsafe-function-type -- Nest's token type has it
export type ListenerToken = string | symbol | (abstract new (...args: never[]) => unknown) | Function;
