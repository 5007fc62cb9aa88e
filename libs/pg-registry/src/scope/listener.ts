import type { Key, Pid } from '../term';

/** An entry that was added: by this node, by a peer, or by a sync with a peer. */
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

/** An entry that was removed, for whatever reason. */
export interface Unregistered<K = Key> {
  /** The name of the scope. */
  readonly scope: string;
  /** The key of the entry. */
  readonly key: K;
  /** The process that was registered. */
  readonly pid: Pid;
}

/**
 * Is called for every entry that is added to a scope or removed from it, once per entry; not for updates. Mirrors the
 * `listeners` of `Registry.start_link/1`.
 *
 * All entries of an operation go to one listener, then to the next. Subscribers get a change before listeners. What a method
 * throws is logged; other listeners are called all the same.
 */
export interface RegistryListener {
  /** Called after an entry was added; reads return it already. */
  onRegister?(entry: Registered): void;
  /** Called after an entry was removed; reads do not return it any more. */
  onUnregister?(entry: Unregistered): void;
}

/**
 * The injection token of a listener that the application provides. It is resolved at each delivery, and skipped while the
 * application provides nothing under it.
 */
// oxlint-disable-next-line typescript/no-unsafe-function-type -- Nest's token type has it
export type ListenerToken = string | symbol | (abstract new (...args: never[]) => unknown) | Function;
