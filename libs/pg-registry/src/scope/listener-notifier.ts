import { thenOf } from '../lifetime';
import type { Change } from '../table';
import { formatKey } from '../term';
import type { ListenerToken, Registered, RegistryListener, Unregistered } from './listener';
import type { ScopeDeps } from './scope-deps';
import { formatListener } from './scope-options';

/** The calls that one change makes to each listener: one per entry. */
export type ListenerBatch =
  | { readonly method: 'onRegister'; readonly entries: readonly Registered[] }
  | { readonly method: 'onUnregister'; readonly entries: readonly Unregistered[] };

/** Makes the calls for a change; undefined for an update, of which listeners are not told. */
export function listenerBatchOf({ kind, rows }: Change, scope: string): ListenerBatch | undefined {
  if (kind === 'update') return undefined;
  if (kind === 'join') {
    const entries = rows.map(({ key, pid, value }) => Object.freeze({ scope, key, pid, value }));
    return { method: 'onRegister', entries };
  }
  return { method: 'onUnregister', entries: rows.map(({ key, pid }) => Object.freeze({ scope, key, pid })) };
}

/** Calls one listener of a scope, as the process that added it. Logs what the listener throws; never throws itself. */
export class ListenerNotifier {
  /** Resolves the listener and calls it for every entry, in order. */
  readonly notify: (batch: ListenerBatch) => void;
  readonly #listener: ListenerToken | RegistryListener;
  readonly #deps: ScopeDeps;

  constructor(listener: ListenerToken | RegistryListener, deps: ScopeDeps) {
    this.#listener = listener;
    this.#deps = deps;
    this.notify = deps.processes.current.bind((batch: ListenerBatch) => this.#notify(batch));
  }

  #notify(batch: ListenerBatch): void {
    const listener = this.#resolve(batch.entries[0].scope);
    if (listener === undefined) return;
    // Two branches, because the entries of `onRegister` have a value and those of `onUnregister` have none.
    if (batch.method === 'onRegister') {
      for (const entry of batch.entries) this.#guard(batch.method, entry, () => listener.onRegister?.(entry));
    } else {
      for (const entry of batch.entries)
        this.#guard(batch.method, entry, () => listener.onUnregister?.(entry));
    }
  }

  #resolve(scope: string): RegistryListener | undefined {
    const listener = this.#listener;
    if (typeof listener === 'object') return listener;
    try {
      return this.#deps.resolveListener(listener);
    } catch (error) {
      const name = formatListener(listener);
      this.#deps.logger.error(scope, `resolve ${name}`, `The listener ${name} could not be resolved`, error);
      return undefined;
    }
  }

  #guard(method: ListenerBatch['method'], { scope, key }: Unregistered, call: () => unknown): void {
    const failed = (error: unknown): void =>
      this.#deps.logger.error(
        scope,
        `${method} ${formatListener(this.#listener)}`,
        `${method} of a listener of scope '${scope}' failed for ${formatKey(key)}`,
        error,
      );
    try {
      const result = call();
      // An async method rejects later, and nobody else would catch that.
      if (thenOf(result) === 'callable') Promise.resolve(result).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
