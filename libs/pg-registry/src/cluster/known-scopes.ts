import type { Hello, ScopeNews } from './hello';

/** What one hello has changed in what is known about a peer's scopes. */
export interface ScopeLesson {
  /** Scopes that run there, with their newest digests. */
  readonly listed: readonly ScopeNews[];
  /** Scopes that ran there and do no more. */
  readonly gone: readonly string[];
  /** Whether a hello was missed: only a complete one can tell what else is gone. */
  readonly ask: boolean;
  /** How many running scopes were left out because the peer has more than allowed. */
  readonly refused: number;
}

/** The pages of a complete set that have come so far, all of one hello. */
interface PagesOfSet {
  readonly beat: number;
  readonly pages: Set<number>;
  /** The known scopes that they list. */
  readonly names: Set<string>;
  /** Scopes that they list and for which there was no room. */
  refused: number;
}

/**
 * The scopes of one peer, according to its hellos. Presence counts at once; absence only over all pages of one beat, or by a change
 * that continues what is known. So a lost page or hello delays a removal, and never causes one.
 */
export class KnownScopes {
  readonly #scopes = new Map<string, ScopeNews>();
  #names: readonly string[] | undefined;
  /** The revision as of which the set is complete; undefined before the first complete one. */
  #revision: number | undefined;
  #collecting: PagesOfSet | undefined;

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

  /** Their names: the same list until one comes or goes. */
  names(): readonly string[] {
    return (this.#names ??= Object.freeze([...this.#scopes.keys()]));
  }

  /** Learns from a hello. Hellos must come in the order of their beats. Costs what the hello lists; the last page costs the set. */
  learn(hello: Hello): ScopeLesson {
    const isSet = hello.since === undefined;
    // Those that stopped go first, so that they take no room from those that started.
    const gone = isSet ? this.#forgetAbsent(hello) : this.#forget(hello.stopped);
    const { listed, refused } = this.#add(hello.running);
    if (!isSet) return { listed, gone, refused, ask: !this.#continues(hello.since, hello.revision) };
    const late = this.#completed(hello, refused);
    if (late === undefined) return { listed, gone, refused: 0, ask: false };
    // Where scopes that are gone took the room of others, those are asked for again.
    const isRoomNow = late.gone.length > 0;
    return {
      listed,
      gone: [...gone, ...late.gone],
      refused: isRoomNow ? 0 : late.refused,
      ask: isRoomNow && late.refused > 0,
    };
  }

  /** Adds what runs there, as far as there is room. News of a run that is over count for nothing. */
  #add(running: readonly ScopeNews[]): { listed: ScopeNews[]; refused: number } {
    const listed: ScopeNews[] = [];
    let refused = 0;
    for (const news of running) {
      const known = this.#scopes.get(news.name);
      if (known === undefined && this.#scopes.size >= this.#capacity) {
        refused += 1;
      } else if (known === undefined || news.run >= known.run) {
        if (known === undefined) this.#names = undefined;
        this.#scopes.set(news.name, news);
        listed.push(news);
      }
    }
    return { listed, refused };
  }

  #forget(names: readonly string[]): string[] {
    const gone = names.filter((name) => this.#scopes.delete(name));
    if (gone.length > 0) this.#names = undefined;
    for (const name of gone) this.#collecting?.names.delete(name);
    return gone;
  }

  /** Forgets what a set of one page does not list. Of a larger set nothing is absent until its last page is here. */
  #forgetAbsent({ running, pages }: Hello): string[] {
    if (pages > 1) return [];
    const names = new Set(running.map(({ name }) => name));
    return this.#forget(this.names().filter((name) => !names.has(name)));
  }

  #continues(since: number, revision: number): boolean {
    if (this.#revision === undefined || since > this.#revision) return false;
    this.#revision = Math.max(this.#revision, revision);
    return true;
  }

  /** Once the last page of a set is here: what the set does not list any more, and how much of it was refused. */
  #completed(hello: Hello, refused: number): { gone: string[]; refused: number } | undefined {
    if (this.#collecting?.beat !== hello.beat) {
      this.#collecting = { beat: hello.beat, pages: new Set(), names: new Set(), refused: 0 };
    }
    const collecting = this.#collecting;
    const { pages, names } = collecting;
    if (!pages.has(hello.page)) collecting.refused += refused;
    pages.add(hello.page);
    // Only known ones: what is not known cannot be found absent, and one page sent again and again must not fill the memory.
    for (const { name } of hello.running) if (this.#scopes.has(name)) names.add(name);
    if (pages.size < hello.pages) return undefined;
    this.#collecting = undefined;
    this.#revision = hello.revision;
    const gone = this.#forget(this.names().filter((name) => !names.has(name)));
    return { gone, refused: collecting.refused };
  }
}
