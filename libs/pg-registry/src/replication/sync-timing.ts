/** In sync as never before, or again. */
export interface SyncNews {
  /** Milliseconds from the first ask until the stream was in sync; 0 if there was nothing to fetch. */
  readonly durationMs: number;
  /** Whether it had never been in sync before. */
  readonly first: boolean;
}

/** When a stream began to fetch what it is not in sync with, and whether it has come into sync since somebody looked. */
export class SyncTiming {
  /** Has it ever been in sync? */
  wasSynced = false;
  #fetchingSince: number | undefined;
  #news: { readonly first: boolean } | undefined;

  /** It begins to fetch; it may have begun before and been interrupted. */
  begin(now: number): void {
    this.#fetchingSince ??= now;
  }

  /** It is in sync, at a moment that {@link take} will be told. */
  reach(): void {
    this.#news = { first: !this.wasSynced };
    this.wasSynced = true;
  }

  /** What is to be told, once. `isLive`: it may have turned out in the same turn that it is not in sync after all. */
  take(isLive: boolean, now: number): SyncNews | undefined {
    const news = this.#news;
    const fetchingSince = this.#fetchingSince;
    this.#news = undefined;
    if (news === undefined || !isLive) return undefined;
    this.#fetchingSince = undefined;
    return { ...news, durationMs: fetchingSince === undefined ? 0 : now - fetchingSince };
  }
}
