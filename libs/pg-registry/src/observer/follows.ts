import { SubscriptionsByKey } from '../scope';
import type { Key } from '../term';
import type { ChangeFact, EventBatch } from './facts';
import type { Journal } from './journal';

/** So many may follow a node at a time. */
const MOST_FOLLOWS = 16;
/** What is kept for one that follows, until it asks again. */
const MOST_EVENTS = 1000;
/** A follow ends when nobody has asked for so long, in milliseconds. */
const LEASE_MS = 10_000;

interface Follow {
  readonly asker: string;
  events: ChangeFact[];
  skipped: number;
  askedAt: number;
  readonly end: () => void;
}

/**
 * Those who follow what happens at a node. Each asks again and again, and gets what happened since. What does not fit is counted, and not
 * kept: a flood of events costs a bounded memory and, beyond that, a comparison for each.
 */
export class Follows {
  readonly #follows = new Map<string, Follow>();
  readonly #node: string;
  readonly #journal: Journal;
  readonly #now: () => number;

  constructor(node: string, journal: Journal, now: () => number) {
    this.#node = node;
    this.#journal = journal;
    this.#now = now;
  }

  /** How many follow now. */
  get size(): number {
    return this.#follows.size;
  }

  /**
   * Returns what happened since the last time, and begins to follow at the first one. Without a scope everything counts, what happens to peers
   * included.
   *
   * @param asker The token of the asker. Names are its own, so it takes nothing of what others follow.
   * @returns Undefined if too many follow already.
   */
  take(asker: string, name: string, scope: string | undefined, key: Key | undefined): EventBatch | undefined {
    this.#sweep();
    const id = idOf(asker, name);
    let follow = this.#follows.get(id);
    if (follow === undefined) {
      if (this.#follows.size >= MOST_FOLLOWS && !this.#makeRoomFor(asker)) return undefined;
      follow = this.#begin(asker, scope, key);
      this.#follows.set(id, follow);
    }
    const { events, skipped } = follow;
    follow.events = [];
    follow.skipped = 0;
    follow.askedAt = this.#now();
    return { node: this.#node, events, skipped };
  }

  /** Ends a follow. */
  end(asker: string, name: string): void {
    this.#end(idOf(asker, name));
  }

  /** Ends all. */
  close(): void {
    for (const id of this.#follows.keys()) this.#end(id);
  }

  #end(id: string): void {
    this.#follows.get(id)?.end();
    this.#follows.delete(id);
  }

  /** Ends the oldest follow of the asker that has the most, if these are at least two more than the new asker has. @returns Whether there is room */
  #makeRoomFor(asker: string): boolean {
    const byAsker = new Map<string, string[]>([[asker, []]]);
    for (const [id, { asker: of }] of this.#follows) byAsker.set(of, [...(byAsker.get(of) ?? []), id]);
    const own = byAsker.get(asker)?.length ?? 0;
    const [most] = [...byAsker.values()].toSorted((a, b) => b.length - a.length);
    if (most === undefined || most.length < own + 2) return false;
    this.#end(most[0]);
    return true;
  }

  #begin(asker: string, scope: string | undefined, key: Key | undefined): Follow {
    const followed = key === undefined ? undefined : new SubscriptionsByKey<true>();
    followed?.set(key!, true);
    const end = this.#journal.tap((change, of, changed) => {
      if (scope !== undefined && of !== scope) return;
      if (followed !== undefined && (changed === undefined || followed.get(changed) !== true)) return;
      if (follow.events.length < MOST_EVENTS) follow.events.push(change());
      else {
        follow.skipped += 1;
        // Nobody asks any more: a tap must not go on for ever where nothing else would end it.
        if (follow.skipped % 10_000 === 0) this.#sweep();
      }
    });
    const follow: Follow = { asker, events: [], skipped: 0, askedAt: this.#now(), end };
    return follow;
  }

  #sweep(): void {
    const oldest = this.#now() - LEASE_MS;
    for (const [id, { askedAt }] of this.#follows) if (askedAt < oldest) this.#end(id);
  }
}

/** What stands for a follow: the token of an asker has no blanks. */
function idOf(asker: string, name: string): string {
  return `${asker} ${name}`;
}
