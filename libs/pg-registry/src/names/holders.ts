import { distinctUntilChanged, map, type Observable, skip } from 'rxjs';
import type { LocalProcess, Timers } from '../lifetime';
import type { PgRegistryService } from '../scope';
import type { Entry } from '../table';
import { isRecord, type Key, KeyMap, type Pid, sameValue, ScopeNotRunningError, type Value } from '../term';
import { isEntityKey } from './entity-keys';

/** Who holds a key, as this node has heard. */
export interface KnownHolder {
  /** What is held. */
  readonly key: Key;
  /** The process that holds it. */
  readonly pid: Pid;
  /** The fencing token of its claim. */
  readonly token: number;
  /** What the holder published beside it. */
  readonly value: Value;
}

/** Who holds a key, as the store says. */
export interface Holder extends KnownHolder {
  /** After this time without a renewal its session can be ended, in milliseconds. */
  readonly expiresInMs: number;
}

/** What is not published yet of a key. */
interface Unpublished {
  /** The process whose entry is to be taken back. */
  readonly left?: Pid | undefined;
  /** The claim that is to be published. */
  readonly claim?: Omit<KnownHolder, 'key'> | undefined;
}

/** The internal scope with an entry for every claim in the cluster. */
export const NAMES_SCOPE = 'pg.names';

/**
 * Who holds which key, in the memory of every node: each holder registers itself, with token and value, in the scope
 * {@link NAMES_SCOPE}. It may be behind the store. If two entries of a key meet, the highest token counts.
 *
 * Claims and their ends are published when the turn of the event loop is over that made them, or when somebody asks here before: first comes who
 * waits for the claim, and the write of the release.
 */
export class Holders {
  readonly #start: () => PgRegistryService;
  readonly #timers: Pick<Timers, 'afterTurn'>;
  readonly #unpublished = new KeyMap<Unpublished>();
  #cancelPublishing: (() => void) | undefined;
  #isClosed = false;

  /** @param start Returns the scope, and starts it at first use. */
  constructor(start: () => PgRegistryService, timers: Pick<Timers, 'afterTurn'>) {
    this.#start = start;
    this.#timers = timers;
  }

  /** The node stops: the scope must not be started any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelPublishing?.();
  }

  /** Returns who holds a key. In memory. */
  find(key: Key): KnownHolder | undefined {
    return highest(this.#scope().lookup(key));
  }

  /** Returns all holders, or those whose keys are arrays that begin with these elements. Costs the number of keys. */
  all(prefix: readonly Key[] | undefined): readonly KnownHolder[] {
    const scope = this.#scope();
    const found = new Set<string>();
    const keys =
      prefix === undefined ? scope.groups() : scope.selectPrefix([...prefix]).map((entry) => entry.key);
    return keys.flatMap((key) => {
      const holder = this.find(key);
      if (holder === undefined || found.has(holder.pid.toString() + holder.token)) return [];
      found.add(holder.pid.toString() + holder.token);
      return [holder];
    });
  }

  /** Who holds a key, now and after each change. */
  watch(key: Key): Observable<KnownHolder | undefined> {
    return this.#scope()
      .watch(key)
      .pipe(
        map(highest),
        distinctUntilChanged(
          (a, b) =>
            a?.token === b?.token && (a === undefined || b === undefined || sameValue(a.value, b.value)),
        ),
      );
  }

  /**
   * Watches who holds a key.
   *
   * @param onChange Called after each change, not within this call.
   * @param onEnd Called when the scope or the node stops.
   * @returns What ends it.
   */
  onChange(key: Key, onChange: () => void, onEnd: () => void): () => void {
    const events = this.#scope().monitor(key).pipe(skip(1));
    const subscription = events.subscribe({ next: onChange, complete: onEnd, error: onEnd });
    return () => subscription.unsubscribe();
  }

  /** Publishes a claim of this node. Where entities live is known by their own scope. */
  add(key: Key, process: LocalProcess, token: number, value: Value): void {
    if (isEntityKey(key)) return;
    this.#publishLater(key, { ...this.#unpublished.get(key), claim: { pid: process.pid, token, value } });
  }

  /** Publishes another value of a claim. */
  update(key: Key, process: LocalProcess, token: number, value: Value): void {
    this.#scope().updateValue(key, { token, value }, process.pid);
  }

  /** Takes a claim back. Nothing happens if the scope has stopped, or its entry has left with its process. */
  remove(key: Key, process: LocalProcess): void {
    if (isEntityKey(key)) return;
    const { claim, left = claim === undefined ? process.pid : undefined } = this.#unpublished.get(key) ?? {};
    if (left === undefined) this.#unpublished.delete(key);
    else this.#publishLater(key, { left });
  }

  #publishLater(key: Key, change: Unpublished): void {
    this.#unpublished.set(key, change);
    this.#cancelPublishing ??= this.#timers.afterTurn(() => {
      try {
        this.#scope();
      } catch {
        // The node has stopped, and its entries with it.
      }
    });
  }

  #published(scope: PgRegistryService): PgRegistryService {
    if (this.#cancelPublishing === undefined) return scope;
    this.#cancelPublishing();
    this.#cancelPublishing = undefined;
    for (const [key, { left, claim }] of this.#unpublished) {
      this.#unpublished.delete(key);
      if (left !== undefined) scope.leave(key, left); // unless the entry has left with its process
      if (claim !== undefined) scope.join(key, claim.pid, { token: claim.token, value: claim.value });
    }
    return scope;
  }

  /** The scope, with all claims of this node. @throws ScopeNotRunningError if the node has stopped. */
  #scope(): PgRegistryService {
    if (!this.#isClosed) return this.#published(this.#start());
    throw new ScopeNotRunningError('This node has stopped, and knows no holders of cluster names any more.');
  }
}

function highest(entries: readonly Entry[]): KnownHolder | undefined {
  let best: KnownHolder | undefined;
  for (const { key, pid, value } of entries) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what an entry holds is in normal form
    const stored = value as Value;
    // Peers may write anything.
    if (!isRecord(stored)) continue;
    const { token, value: published } = stored;
    if (typeof token !== 'number' || !Number.isSafeInteger(token) || token <= (best?.token ?? 0)) continue;
    best = { key, pid, token, value: published };
  }
  return best;
}
