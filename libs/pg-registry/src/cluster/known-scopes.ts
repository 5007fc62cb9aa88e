import type { Hello, ScopeNews } from './hello';

/** What one hello has changed in what is known about a peer's scopes. */
export interface ScopeLesson {
  /** Scopes that run there, with their newest digests. */
  readonly listed: readonly ScopeNews[];
  /** Scopes that ran there and do no more. */
  readonly gone: readonly string[];
  /** Whether a hello was missed: only a complete one can tell what else is gone. */
  readonly ask: boolean;
  /** How many scopes were left out because the peer has more than allowed. */
  readonly refused: number;
}

/**
 * The scopes of one peer, according to its hellos. Presence counts at once; absence only over all pages of one beat, or by a change
 * that continues what is known. So a lost page or hello delays a removal, and never causes one.
 */
export class KnownScopes {
  readonly #scopes = new Map<string, ScopeNews>();
  /** The revision as of which the set is complete; undefined before the first complete one. */
  #revision: number | undefined;
  #collecting:
    { readonly beat: number; readonly pages: Set<number>; readonly names: Set<string> } | undefined;

  readonly #capacity: number;

  /** @param capacity How many scopes are believed of this peer */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether all scopes of the peer are known. */
  get complete(): boolean {
    return this.#revision !== undefined;
  }

  /** Names remembered, whether known or listed by pages of a set that is not complete yet: at most twice the capacity. */
  get remembered(): number {
    return this.#scopes.size + (this.#collecting?.names.size ?? 0);
  }

  get(name: string): ScopeNews | undefined {
    return this.#scopes.get(name);
  }

  names(): string[] {
    return [...this.#scopes.keys()];
  }

  /** Learns from a hello. Hellos must come in the order of their beats. Costs what the hello lists; the last page costs the set. */
  learn(hello: Hello): ScopeLesson {
    const listed: ScopeNews[] = [];
    for (const news of hello.running) {
      if (!this.#scopes.has(news.name) && this.#scopes.size >= this.#capacity) continue;
      if (news.run < (this.#scopes.get(news.name)?.run ?? 0)) continue;
      this.#scopes.set(news.name, news);
      listed.push(news);
    }
    const refused = hello.running.length - listed.length;
    const gone =
      hello.since === undefined
        ? this.#absent(hello)
        : hello.stopped.filter((name) => this.#scopes.has(name));
    for (const name of gone) {
      this.#scopes.delete(name);
      this.#collecting?.names.delete(name);
    }
    return {
      listed,
      gone,
      ask: hello.since !== undefined && !this.#continues(hello.since, hello.revision),
      refused,
    };
  }

  #continues(since: number, revision: number): boolean {
    if (this.#revision === undefined || since > this.#revision) return false;
    this.#revision = Math.max(this.#revision, revision);
    return true;
  }

  /** What a complete set does not list any more; nothing until its last page is here. */
  #absent(hello: Hello): string[] {
    if (this.#collecting?.beat !== hello.beat) {
      this.#collecting = { beat: hello.beat, pages: new Set(), names: new Set() };
    }
    const { pages, names } = this.#collecting;
    pages.add(hello.page);
    // Only known ones: what is not known cannot be found absent, and one page sent again and again must not fill the memory.
    for (const { name } of hello.running) if (this.#scopes.has(name)) names.add(name);
    if (pages.size < hello.pages) return [];
    this.#collecting = undefined;
    this.#revision = hello.revision;
    return this.names().filter((name) => !names.has(name));
  }
}
