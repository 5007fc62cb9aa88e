import { type LeaseWrite, RECORD_AGE_MS, REPEAT_MS } from '../../names/lease-store';

interface StoredRecord {
  readonly record: Uint8Array;
  /** Of the write that made it. */
  readonly id: string;
  readonly revision: number;
  readonly writtenAt: number;
}

interface RecentWrite {
  readonly revision: number;
  readonly writtenAt: number;
}

/** The clocks of the records, in milliseconds. */
export interface LeaseClocks {
  /** Never goes back. */
  readonly monotonic: () => number;
  /** Since 1970. */
  readonly wall: () => number;
}

const CLOCKS: LeaseClocks = { monotonic: () => performance.now(), wall: Date.now };

/**
 * The records of one namespace on a `LocalBus`: what a JetStream stream is on a NATS server. A step costs the same however many records
 * there are. Old records and ids of writes go when later writes come, a constant number each time.
 */
export class LocalLeases {
  /** Which life of the records this is: the time of its making in microseconds. */
  readonly epoch: number;
  readonly #clocks: LeaseClocks;
  /** By name, the record that was written longest ago first. */
  readonly #records = new Map<string, StoredRecord>();
  /** By the id of the write, the oldest first. */
  readonly #recent = new Map<string, RecentWrite>();
  readonly #watchers = new Map<string, Set<(record: Uint8Array) => void>>();
  #revision = 0;

  /** @param clocks Default: those of the machine. */
  constructor(clocks: LeaseClocks = CLOCKS) {
    this.#clocks = clocks;
    this.epoch = Math.floor(clocks.wall()) * 1000;
  }

  /** Reads the last record of a name, as a copy. */
  read(name: string): { readonly record: Uint8Array; readonly revision: number } | undefined {
    const stored = this.#living(name);
    return stored && { record: new Uint8Array(stored.record), revision: stored.revision };
  }

  /**
   * Writes a record after the one that it names, or finds that the same write was made before.
   *
   * @returns Undefined: the last record is another one.
   */
  write({ name, record, after, id }: LeaseWrite): { revision: number; repeated: boolean } | undefined {
    const now = this.#clocks.monotonic();
    this.#forgetOld(now);
    const earlier = this.#recent.get(id);
    if (earlier !== undefined) return { revision: earlier.revision, repeated: true };
    const last = this.#living(name);
    if ((typeof after === 'string' ? last?.id : (last?.revision ?? 0)) !== after) return undefined;
    this.#revision += 1;
    const revision = this.#revision;
    this.#records.delete(name); // so that the order of the Map is that of the writes
    this.#records.set(name, { record, id, revision, writtenAt: now });
    this.#recent.set(id, { revision, writtenAt: now });
    for (const hint of this.#watchers.get(name) ?? []) hint(record);
    return { revision, repeated: false };
  }

  /** Calls `onWrite` at every write of a name, with the record, which is not its own. It must not throw. @returns What ends that; idempotent */
  watch(name: string, onWrite: (record: Uint8Array) => void): () => void {
    let watchers = this.#watchers.get(name);
    if (watchers === undefined) this.#watchers.set(name, (watchers = new Set()));
    const watcher = (record: Uint8Array): void => onWrite(record); // one of its own, so that a function may watch twice
    watchers.add(watcher);
    return () => {
      if (watchers.delete(watcher) && watchers.size === 0) this.#watchers.delete(name);
    };
  }

  #living(name: string): StoredRecord | undefined {
    const stored = this.#records.get(name);
    if (stored === undefined || this.#clocks.monotonic() - stored.writtenAt > RECORD_AGE_MS) return undefined;
    return stored;
  }

  /** Forgets at most two old records and two old ids: more than one write adds. */
  #forgetOld(now: number): void {
    forget(this.#records, now - RECORD_AGE_MS);
    forget(this.#recent, now - REPEAT_MS);
  }
}

function forget(map: Map<string, { readonly writtenAt: number }>, before: number): void {
  let left = 2;
  for (const [name, { writtenAt }] of map) {
    if (writtenAt >= before || left === 0) return;
    map.delete(name);
    left -= 1;
  }
}
