import { type Key, KeyMap } from '../../term';
import { charactersOf, MOST_CHARACTERS } from './key-characters';

/** Entities of one peer that are announced and have not come; a node that leaves announces 64 at a time. */
const MOST_ANNOUNCED = 1000;

/** What one peer has announced. */
interface Announcer {
  keys: number;
  characters: number;
}

/**
 * Something about each entity that a peer has announced, by type and key, within bounds for each peer. The peer is known by its
 * incarnation.
 */
export class Announced<H extends object, T> {
  readonly #byType = new Map<
    H,
    KeyMap<{ readonly value: T; readonly peer: string; readonly characters: number }>
  >();
  readonly #peers = new Map<string, Announcer>();

  get(type: H, key: Key): T | undefined {
    return this.#byType.get(type)?.get(key)?.value;
  }

  /** @returns False, and nothing is added, if the peer has announced too much already */
  add(type: H, key: Key, peer: string, value: T): boolean {
    const of = this.#peers.get(peer) ?? { keys: 0, characters: 0 };
    const characters = charactersOf(key);
    if (of.keys >= MOST_ANNOUNCED || of.characters + characters > MOST_CHARACTERS) return false;
    this.#peers.set(peer, of);
    of.keys += 1;
    of.characters += characters;
    let byKey = this.#byType.get(type);
    if (byKey === undefined) this.#byType.set(type, (byKey = new KeyMap()));
    byKey.set(key, { value, peer, characters });
    return true;
  }

  delete(type: H, key: Key): void {
    const byKey = this.#byType.get(type);
    const announced = byKey?.get(key);
    const of = announced && this.#peers.get(announced.peer);
    if (announced === undefined || of === undefined) return;
    byKey?.delete(key);
    of.keys -= 1;
    of.characters -= announced.characters;
    if (of.keys === 0) this.#peers.delete(announced.peer);
  }

  /** Everything that is announced; what is returned may be deleted meanwhile. */
  *[Symbol.iterator](): IterableIterator<readonly [type: H, key: Key, value: T]> {
    for (const [type, byKey] of this.#byType) for (const [key, { value }] of byKey) yield [type, key, value];
  }
}
