import { type Hello, MOST_NAMES, type ScopeNews } from './hello';

/** A scope that runs here, as far as hellos are concerned. */
export interface AnnouncedScope {
  readonly name: string;
  /** Number of the stream's last operation: a cheap way to see whether its digest has changed. */
  readonly last: number;
  /** The digest, taken after everything pending was sent. */
  news(): ScopeNews;
}

/** The part of a hello that this file decides. */
export type ScopePage = Pick<Hello, 'revision' | 'since' | 'page' | 'pages' | 'running' | 'stopped'>;

/** How many digests each hello repeats although nothing changed, so that every digest is repeated in turn. */
const ROTATING_SLICE = 32;
/** What a scope takes in a hello beside its name, at most. */
const NEWS_BYTES = 48;
/** What a hello takes beside its scopes, at most, envelope included. */
const HELLO_BYTES = 1024;

/**
 * The scopes that run here, and what each hello says about them: the complete set in pages, or what changed since the last hello to
 * everybody.
 */
export class OwnScopes {
  readonly #running = new Map<string, AnnouncedScope>();
  /** Names that started or stopped since everybody was told. */
  readonly #changed = new Set<string>();
  /** The `last` that everybody was told. */
  readonly #told = new Map<string, number>();
  #revision = 0;
  #toldRevision = 0;
  #rotation = 0;

  readonly #maxHelloBytes: () => number;

  /** @param maxHelloBytes The largest page at present, in bytes */
  constructor(maxHelloBytes: () => number) {
    this.#maxHelloBytes = maxHelloBytes;
  }

  get size(): number {
    return this.#running.size;
  }

  has(name: string): boolean {
    return this.#running.has(name);
  }

  add(scope: AnnouncedScope): void {
    this.#running.set(scope.name, scope);
    this.#change(scope.name);
  }

  delete(name: string): void {
    if (this.#running.delete(name)) this.#change(name);
    this.#told.delete(name);
  }

  /** The whole set, in as many pages as it takes. */
  complete(): ScopePage[] {
    const pages: ScopeNews[][] = [[]];
    let room = this.#roomOfPage();
    for (const scope of this.#running.values()) {
      const bytes = bytesOf(scope.name);
      if (bytes > room) {
        pages.push([]);
        room = this.#roomOfPage();
      }
      pages.at(-1)!.push(scope.news());
      room -= bytes;
    }
    return pages.map((running, page) => ({
      revision: this.#revision,
      since: undefined,
      page,
      pages: pages.length,
      running,
      stopped: [],
    }));
  }

  /** The whole set, for everybody: what changed before it need not be told again. */
  completeForAll(): ScopePage[] {
    this.#toldRevision = this.#revision;
    this.#changed.clear();
    for (const { name, last } of this.#running.values()) this.#told.set(name, last);
    return this.complete();
  }

  /**
   * What everybody must hear now, as one page: started and stopped scopes, digests that changed, and a rotating slice of the others. If
   * there are too many starts and stops for one page, it is the whole set.
   */
  news(): ScopePage[] {
    let room = this.#roomOfPage();
    for (const name of this.#changed) room -= bytesOf(name);
    if (room < 0) return this.completeForAll();
    const stopped = [...this.#changed].filter((name) => !this.#running.has(name));
    const told = new Set(this.#changed);
    for (const name of this.#worthTelling()) {
      if (told.has(name)) continue;
      room -= bytesOf(name);
      if (room < 0) break;
      told.add(name);
    }
    const running: ScopeNews[] = [];
    for (const name of told) {
      const scope = this.#running.get(name);
      if (scope === undefined) continue;
      running.push(scope.news());
      this.#told.set(name, scope.last);
    }
    const page = { revision: this.#revision, since: this.#toldRevision, page: 0, pages: 1, running, stopped };
    this.#toldRevision = this.#revision;
    this.#changed.clear();
    return [page];
  }

  /** A page that tells nothing but what everybody knows. */
  nothing(): ScopePage {
    const revision = this.#toldRevision;
    return { revision, since: revision, page: 0, pages: 1, running: [], stopped: [] };
  }

  *#worthTelling(): Iterable<string> {
    const names = [...this.#running.keys()];
    const slice = Math.min(ROTATING_SLICE, names.length);
    for (let step = 0; step < slice; step += 1) yield names[(this.#rotation + step) % names.length];
    this.#rotation = names.length === 0 ? 0 : (this.#rotation + slice) % names.length;
    for (const { name, last } of this.#running.values()) if (this.#told.get(name) !== last) yield name;
  }

  #change(name: string): void {
    this.#revision += 1;
    this.#changed.add(name);
  }

  #roomOfPage(): number {
    return Math.max(Math.min(this.#maxHelloBytes() - HELLO_BYTES, MOST_NAMES * NEWS_BYTES), 256);
  }
}

function bytesOf(name: string): number {
  return Buffer.byteLength(name) + NEWS_BYTES;
}
