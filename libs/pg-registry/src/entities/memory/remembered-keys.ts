import { type Key, KeyMap } from '../../term';
import { charactersOf, MOST_CHARACTERS } from './key-characters';

/** What is remembered of a key. */
interface Remembered<T> {
  readonly value: T;
  readonly characters: number;
}

/** Something about keys that peers may choose, within bounds: what was noted longest ago is forgotten first. */
export class RememberedKeys<T> {
  readonly #byKey = new KeyMap<Remembered<T>>();
  readonly #mostKeys: number;
  #characters = 0;

  constructor(mostKeys: number) {
    this.#mostKeys = mostKeys;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#byKey.size;
  }

  get(key: Key): T | undefined {
    return this.#byKey.get(key)?.value;
  }

  /** Notes something about a key, in place of what was noted before. O(size of the key). @param text What it contains of text */
  note(key: Key, value: T, text = ''): void {
    // Deleted first, so that the order of the map is that of the notes.
    this.delete(key);
    const characters = charactersOf(key) + text.length;
    this.#byKey.set(key, { value, characters });
    this.#characters += characters;
    for (const [oldest] of this.#byKey) {
      if (this.#byKey.size <= this.#mostKeys && this.#characters <= MOST_CHARACTERS) return;
      this.delete(oldest);
    }
  }

  delete(key: Key): void {
    const remembered = this.#byKey.get(key);
    if (remembered === undefined) return;
    this.#byKey.delete(key);
    this.#characters -= remembered.characters;
  }
}
