import type { LeaseReadOutcome } from '../lease-store';
import type { Agenda } from './agenda';
import type { Instant } from './instant';
import { decodeRecord, encodeRecord, type LeaseRecord, type RecordDecoding } from './lease-records';
import type { StoreRequests } from './store-requests';

/** What became of a write, when that is known for certain. */
export type Settled =
  /** It was made. `since`: a moment before the attempt that made it was sent. */
  | { readonly type: 'written'; readonly revision: number; readonly epoch: number; readonly since: Instant }
  /** It was not made, and will not be. */
  | { readonly type: 'refused' }
  /** The store refuses it until somebody changes its configuration. It was not made. */
  | { readonly type: 'unavailable'; readonly reason: string }
  /** Nobody needs to know any more. It may have been made. */
  | { readonly type: 'abandoned' };

/** One write of a record, with all its attempts. */
export interface RecordWrite {
  readonly name: string;
  readonly record: LeaseRecord;
  /** What the last record must be: see `LeaseWrite`. */
  readonly after: number | string;
  /** Whether the epoch of the answer must be certain, see `LeaseWrite`. */
  readonly certainEpoch: boolean;
  /** Whether anybody still needs the outcome. Asked before each further attempt. */
  readonly isNeeded: () => boolean;
  readonly onSettled: (settled: Settled) => void;
  /** Called when an attempt got no answer: the write goes on. */
  readonly onTrouble?: (reason: string) => void;
}

/** What the writes of one node share. */
export interface RecordWritesDeps {
  readonly requests: StoreRequests;
  readonly agenda: Agenda;
  readonly decoding: RecordDecoding;
  readonly now: () => Instant;
}

const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 1000;

/** A write whose outcome is not known yet. */
class OpenWrite {
  readonly bytes: Uint8Array;
  /** When the first attempt was sent that may have been made without an answer. */
  doubtfulSince: Instant | undefined;
  retryMs = FIRST_RETRY_MS;

  constructor(readonly write: RecordWrite) {
    this.bytes = encodeRecord(write.record);
  }
}

/**
 * Writes records until it is known what became of each write.
 *
 * Every attempt of a write has the same id, so the store makes it at most once. An attempt without an answer is repeated. A refusal after
 * such an attempt may mean that the attempt was made and forgotten, and the answer that it is a repetition may mean that somebody else has used the
 * id. So the record is read back: with the nonce of this write, it was made.
 * The caller has at most one write in flight for each record; otherwise its own next write could hide the last.
 */
export class RecordWrites {
  /** Writes whose outcome is not known yet. */
  open = 0;
  readonly #deps: RecordWritesDeps;
  /** What waits to be tried again, and what cancels the waiting. */
  readonly #waiting = new Map<() => void, () => void>();

  constructor(deps: RecordWritesDeps) {
    this.#deps = deps;
  }

  /** Begins a write. `onSettled` is called once, later. */
  begin(write: RecordWrite): void {
    this.open += 1;
    const onSettled = (settled: Settled): void => {
      this.open -= 1;
      write.onSettled(settled);
    };
    this.#attempt(new OpenWrite({ ...write, onSettled }));
  }

  /** Tries again at once what waits for its next attempt: the store can be reached again. */
  hurry(): void {
    for (const [retry, cancel] of Array.from(this.#waiting)) {
      cancel();
      this.#waiting.delete(retry);
      retry();
    }
  }

  #attempt(open: OpenWrite): void {
    const { name, record, after, certainEpoch, onSettled } = open.write;
    const write = { name, record: open.bytes, after, id: record.nonce, certainEpoch };
    this.#deps.requests.write(write, this.#deps.now(), (outcome, sentAt) => {
      switch (outcome.type) {
        case 'written': {
          const { revision, epoch, repeated } = outcome;
          // Anybody may have written something else with the id, which all who listen to the record have heard.
          if (repeated) return this.#readBack(open, open.doubtfulSince ?? sentAt);
          return onSettled({ type: 'written', revision, epoch, since: sentAt });
        }
        case 'refused':
          if (open.doubtfulSince === undefined) return onSettled({ type: 'refused' });
          return this.#readBack(open, open.doubtfulSince);
        case 'unknown':
          open.doubtfulSince ??= sentAt;
          return this.#again(open, outcome.reason, () => this.#attempt(open));
        case 'unreachable':
          return this.#again(open, outcome.reason, () => this.#attempt(open));
        case 'unavailable':
          if (open.doubtfulSince === undefined) return onSettled(outcome);
          return this.#again(open, outcome.reason, () => this.#attempt(open));
      }
    });
  }

  #readBack(open: OpenWrite, since: Instant): void {
    const { name, record, onSettled } = open.write;
    this.#deps.requests.read(name, this.#deps.now(), (outcome) => {
      if (outcome.type === 'found') {
        const { revision, epoch } = outcome;
        const isOwn = this.#nonceOf(outcome) === record.nonce;
        return onSettled(isOwn ? { type: 'written', revision, epoch, since } : { type: 'refused' });
      }
      if (outcome.type === 'absent') return onSettled({ type: 'refused' });
      this.#again(open, outcome.reason, () => this.#readBack(open, since));
    });
  }

  #nonceOf({ record }: Extract<LeaseReadOutcome, { type: 'found' }>): string | undefined {
    try {
      return decodeRecord(record, this.#deps.decoding).nonce;
    } catch {
      return undefined; // somebody else's, whatever it is
    }
  }

  #again(open: OpenWrite, reason: string, retry: () => void): void {
    const { isNeeded, onSettled, onTrouble } = open.write;
    onTrouble?.(reason);
    if (!isNeeded()) return onSettled({ type: 'abandoned' });
    const due = (): void => {
      this.#waiting.delete(due);
      if (isNeeded()) retry();
      else onSettled({ type: 'abandoned' });
    };
    this.#waiting.set(due, this.#deps.agenda.add(this.#deps.now().monotonic + open.retryMs, due));
    open.retryMs = Math.min(open.retryMs * 2, LONGEST_RETRY_MS);
  }
}
