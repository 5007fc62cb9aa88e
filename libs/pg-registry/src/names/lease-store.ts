/**
 * The port of a lease store: records under names, written by compare-and-set, shared by the nodes of one namespace.
 *
 * Every store makes these promises, and the contract suite in `test/e2e/names` tests them:
 * - a write succeeds only on the record that it names, so of several writes on one record at most one succeeds;
 * - revisions rise with every write, over all records of one life of the store; a store that was made anew starts at 1 again and has
 *   a higher {@link LeaseWritten.epoch};
 * - a read gives the last record that was written, never an older one;
 * - a write that is repeated with its id within {@link REPEAT_MS} is made at most once, and answered as it was the first time;
 * - a record is kept for {@link RECORD_AGE_MS} after its last write, and none is ever deleted otherwise;
 * - sender and store share no memory.
 *
 * What the records mean is known only in `names/`. Everything a store can answer is an outcome: no method throws or rejects.
 */
export interface LeaseStore {
  /** Which store this is and where, as part of a sentence: "stream `pgr_names_pg` on 127.0.0.1:4222". */
  readonly place: string;

  /** Reads the last record of a name. */
  read(name: string, options: LeaseRequestOptions): Promise<LeaseReadOutcome>;

  /**
   * Writes a record if the last one has the revision `after`. The store sends the request before this method returns, if it can
   * send anything.
   */
  write(write: LeaseWrite, options: LeaseRequestOptions): Promise<LeaseWriteOutcome>;

  /**
   * Calls `onHint` when somebody may have written the record of this name. Only a hint: it may come for a write that was refused, come
   * late or twice, or not at all. A store does not call `onHint` inside this call.
   *
   * @param onHint Gets the record that was sent to the store, if it was heard and is short; nobody knows yet whether the store has made that write.
   */
  watch(name: string, onHint: (heard?: Uint8Array) => void): LeaseWatch;

  /** Ends every watch and every open request; those end as `unknown`. Idempotent. */
  close(): void;
}

/** How long a store recognises a repeated write by its id, in milliseconds. */
export const REPEAT_MS = 120_000;

/** How long a record lives after its last write, in milliseconds. Whoever needs it longer writes it again. */
export const RECORD_AGE_MS = 2 * 60 * 60 * 1000;

/** The largest record that a store must take, in bytes. */
export const MAX_RECORD_BYTES = 512 * 1024;

/** The options of one request. */
export interface LeaseRequestOptions {
  /** When the request ends as `unknown`, in milliseconds. */
  readonly timeoutMs: number;
}

/** One write. */
export interface LeaseWrite {
  /** The name of the record: any text, of up to 8 KB. */
  readonly name: string;
  /** The new record, of up to {@link MAX_RECORD_BYTES}. It belongs to the store from now on. */
  readonly record: Uint8Array;
  /**
   * The revision that the last record must have; 0: there must be none. Or the id of the write that must have made the last record: a store may
   * refuse that also where it is so.
   */
  readonly after: number | string;
  /** Unique for ever; the same for every repetition of this write. Printable ASCII without spaces, of up to 64 characters. */
  readonly id: string;
  /**
   * True: the epoch of the answer must be that of the life of the store in which this write was made, even if that costs a
   * request. False: it may be the last one that the store object knows.
   */
  readonly certainEpoch: boolean;
}

/** A write that the store has acknowledged. */
export interface LeaseWritten {
  /** The store has the record. */
  readonly type: 'written';
  /** The revision of the record. */
  readonly revision: number;
  /**
   * Which life of the store this is: the time of its making in microseconds since 1970. Higher for every later life.
   * `epoch + revision` is a safe integer.
   */
  readonly epoch: number;
  /** True: the write had been made by an earlier attempt with the same id. Others may have written since. */
  readonly repeated: boolean;
}

/** A request to which there is no answer yet. A write may have been made, or may be made at any later time. */
export interface LeaseUnknown {
  /** The outcome is not known. */
  readonly type: 'unknown';
  /** Why, as a sentence. */
  readonly reason: string;
}

/** A request that has surely not reached the store, and will not: there is no connection. */
export interface LeaseUnreachable {
  /** The request has not left the node. */
  readonly type: 'unreachable';
  /** Why, as a sentence. */
  readonly reason: string;
}

/** A request that the store refuses until somebody changes its configuration. Nothing was written. */
export interface LeaseUnavailable {
  /** The store cannot be used as it is. */
  readonly type: 'unavailable';
  /** What is wrong, where, and what to do about it, as sentences. */
  readonly reason: string;
}

/** A write that was not made, because the last record is another one. */
export interface LeaseRefused {
  /**
   * This attempt wrote nothing. It says nothing about earlier attempts of the same write, which may have succeeded more than
   * {@link REPEAT_MS} ago; or whose record somebody else has replaced since, if the store was restarted.
   */
  readonly type: 'refused';
}

/** How a write ended. */
export type LeaseWriteOutcome =
  LeaseWritten | LeaseRefused | LeaseUnknown | LeaseUnreachable | LeaseUnavailable;

/** A record that was read. */
export interface LeaseFound {
  /** There is a record. */
  readonly type: 'found';
  /** Its bytes; they belong to the receiver. */
  readonly record: Uint8Array;
  /** The revision of its last write. */
  readonly revision: number;
  /** The life of the store, as far as the store object knows; see {@link LeaseWritten.epoch}. */
  readonly epoch: number;
}

/** A name without a record. */
export interface LeaseAbsent {
  /** It was never written in this life of the store, or {@link RECORD_AGE_MS} ago. */
  readonly type: 'absent';
  /** The life of the store, as far as the store object knows; see {@link LeaseWritten.epoch}. */
  readonly epoch: number;
}

/** How a read ended. */
export type LeaseReadOutcome = LeaseFound | LeaseAbsent | LeaseUnknown | LeaseUnreachable | LeaseUnavailable;

/** One watch of a name. */
export interface LeaseWatch {
  /** Ends the watch at once. Idempotent. */
  stop(): void;
}

/** What a connection needs to know to open its lease store. */
export interface LeaseStoreOptions {
  /** The namespace of the cluster: every namespace has records of its own. */
  readonly namespace: string;
  /** Where the records live, on transports with subjects: one more token makes the subject of a record. `pgr.<ns>.names` */
  readonly subject: string;
  /** The name of the store, where stores have names. */
  readonly bucket: string;
  /** How many servers keep each record, where there are several. Default: one, or what an existing store has. */
  readonly replicas?: number | undefined;
}
