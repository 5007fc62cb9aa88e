/** A stream has come into sync. */
export interface SyncNews {
  /** Milliseconds from the first ask until the stream was in sync; 0 if there was nothing to fetch. */
  readonly durationMs: number;
  /** Whether it had never been in sync before. */
  readonly first: boolean;
}

/** How long a stream takes to come into sync, and whether it has done so since the last look. */
export class SyncTiming {
  /** Whether it has ever been in sync. */
  wasSynced = false;
  #fetchingSince: number | undefined;
  #news: { readonly first: boolean } | undefined;

  /** It begins to fetch; it may have begun before and been interrupted. */
  begin(now: number): void {
    this.#fetchingSince ??= now;
  }

  /** It is in sync; {@link take} gets the moment. */
  reach(): void {
    this.#news = { first: !this.wasSynced };
    this.wasSynced = true;
  }

  /** What has happened since the last call. `isLive`: the same turn may have shown that it is not in sync after all. */
  take(isLive: boolean, now: number): SyncNews | undefined {
    const news = this.#news;
    const fetchingSince = this.#fetchingSince;
    this.#news = undefined;
    if (news === undefined || !isLive) return undefined;
    this.#fetchingSince = undefined;
    return { ...news, durationMs: fetchingSince === undefined ? 0 : now - fetchingSince };
  }
}
