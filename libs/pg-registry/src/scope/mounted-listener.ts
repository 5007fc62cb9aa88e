import type { Change } from '../table';
import { formatKey } from '../term';
import type { ScopeDeps } from './scope-deps';
import type { ListenerToken, Registered, RegistryListener, Unregistered } from './listener';
import { formatListener } from './scope-options';

/** What a change says to listeners, entry by entry. */
export type News =
  | { readonly method: 'onRegister'; readonly entries: readonly Registered[] }
  | { readonly method: 'onUnregister'; readonly entries: readonly Unregistered[] };

/** What listeners of the scope are told of a change; undefined for an update, of which they are told nothing. */
export function newsOf({ kind, rows }: Change, scope: string): News | undefined {
  if (kind === 'update') return undefined;
  if (kind === 'join') {
    const entries = rows.map(({ key, pid, value }) => Object.freeze({ scope, key, pid, value }));
    return { method: 'onRegister', entries };
  }
  return { method: 'onUnregister', entries: rows.map(({ key, pid }) => Object.freeze({ scope, key, pid })) };
}

/** A listener of one scope, called as the process that mounted it. Nothing that it throws gets past this class. */
export class MountedListener {
  /** Resolves the listener and tells it every entry, in order. */
  readonly tell: (news: News) => void;
  readonly #listener: ListenerToken | RegistryListener;
  readonly #deps: ScopeDeps;

  constructor(listener: ListenerToken | RegistryListener, deps: ScopeDeps) {
    this.#listener = listener;
    this.#deps = deps;
    this.tell = deps.processes.current.bind((news: News) => this.#tell(news));
  }

  #tell(news: News): void {
    const listener = this.#resolve(news.entries[0].scope);
    if (listener === undefined) return;
    // Two branches, because what `onRegister` takes has a value and what `onUnregister` takes has none.
    if (news.method === 'onRegister') {
      for (const entry of news.entries) this.#guard(news.method, entry, () => listener.onRegister?.(entry));
    } else {
      for (const entry of news.entries) this.#guard(news.method, entry, () => listener.onUnregister?.(entry));
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

  #guard(method: News['method'], { scope, key }: Unregistered, call: () => unknown): void {
    const failed = (error: unknown): void =>
      this.#deps.logger.error(
        scope,
        `${method} ${formatListener(this.#listener)}`,
        `${method} of a listener of scope '${scope}' failed for ${formatKey(key)}`,
        error,
      );
    try {
      const result = call();
      // An async method fails later, and nobody else would catch that.
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
