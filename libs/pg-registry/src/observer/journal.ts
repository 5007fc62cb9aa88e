import type { PeerEvent } from '../cluster';
import type { Cause, ChangeRecorder } from '../scope';
import type { Diff } from '../table';
import { type Key, formatKey, heapBytesOf, sameKey, type Pid } from '../term';
import type { ChangeFact } from './facts';
import { pidText, toJson } from './json-form';

/** What happened to peers is kept apart, because entries change far more often. */
const MOST_PEER_EVENTS = 500;
/** Peers may write keys as large as a frame, which must not stay here when their entries have left. Own keys have a limit of their own. */
const MOST_KEY_BYTES = 4096;
/** Is kept in place of a larger one. */
const LARGE_KEY: Key = `(a key of more than ${MOST_KEY_BYTES} bytes)`;
/** A longer key is shown by its beginning. */
const MOST_KEY_CHARS = 1000;

/** A change of the entries of one key, as the journal keeps it: without values. */
interface Change {
  number: number;
  at: number;
  type: 'join' | 'leave' | 'update';
  scope: string;
  key: Key;
  pid: Pid | undefined;
  entries: number;
  revision: number;
  cause: Cause;
}

/** Hears of each thing as it happens. It must read the change at once, if it wants it, and must not throw. */
export type Tap = (change: () => ChangeFact, scope: string, key: Key | undefined) => void;

/** Where a {@link Journal} takes the time from, in milliseconds since 1970. */
export interface JournalClock {
  wall(): number;
  /** Runs `fn` when the current turn of the event loop is over. */
  afterTurn(fn: () => void): unknown;
}

/**
 * The latest changes of entries, and what happened to peers. A change is kept without its values, in the place of the oldest one. It
 * costs the number of keys that it touched. Nothing is kept, and nothing is called, while the journal is off and nobody follows.
 */
export class Journal implements ChangeRecorder {
  isOn: boolean;
  /** How many changes it keeps. */
  readonly capacity: number;
  /** Number of the latest thing that happened. */
  number = 0;
  readonly #clock: JournalClock;
  /** When the turn of the event loop began that writes; undefined: none has written. To ask for each write made it take a third longer. */
  #turnAt: number | undefined;
  /** Places are used again, so that a write allocates nothing once the journal is full. */
  readonly #changes: Change[] = [];
  readonly #places: number;
  /** Where the next change goes: behind the last place, or into that of the oldest change. */
  #next = 0;
  readonly #peerEvents: ChangeFact[] = [];
  readonly #taps = new Set<Tap>();

  constructor(capacity: number, clock: JournalClock) {
    this.capacity = capacity;
    this.#places = Math.max(1, capacity);
    this.isOn = capacity > 0;
    this.#clock = clock;
  }

  record(scope: string, diff: Diff, cause: Cause): void {
    if (this.#turnAt === undefined) {
      this.#turnAt = this.#clock.wall();
      this.#clock.afterTurn(this.#endTurn);
    }
    for (const { kind, key, rows } of diff) {
      if (this.#next === this.#changes.length) this.#changes.push({ ...NO_CHANGE });
      const change = this.#changes[this.#next];
      this.#next = this.#next + 1 === this.#places ? 0 : this.#next + 1;
      const row = rows[0];
      change.number = this.number += 1;
      change.at = this.#turnAt;
      change.type = kind;
      change.scope = scope;
      change.key =
        cause === 'call' || cause === 'exit' || heapBytesOf(key) <= MOST_KEY_BYTES ? key : LARGE_KEY;
      change.pid = row.pid;
      change.entries = rows.length;
      change.revision = row.revision;
      change.cause = cause;
      if (this.#taps.size > 0) for (const tap of this.#taps) tap(() => factOf(change), scope, key);
    }
  }

  /** Something happened to a peer. */
  peer(event: PeerEvent): void {
    this.note(event.type, event.node, 'reason' in event ? event.reason : '');
  }

  /** Something happened to a node: a word for what, and why. */
  note(type: string, node: string, cause: string): void {
    const fact: ChangeFact = {
      number: (this.number += 1),
      at: this.#clock.wall(),
      type,
      scope: '',
      key: undefined,
      keyText: '',
      pid: '',
      node,
      entries: 0,
      revision: 0,
      cause,
    };
    this.#peerEvents.push(fact);
    if (this.#peerEvents.length > MOST_PEER_EVENTS) this.#peerEvents.shift();
    for (const tap of this.#taps) tap(() => fact, '', undefined);
  }

  /** What happened to peers, the latest first, at most `most`. */
  peerEvents(most: number): readonly ChangeFact[] {
    return this.#peerEvents.slice(-most).toReversed();
  }

  /** The latest changes, of a scope and a key if they are given, the latest first. Costs the capacity of the journal. */
  changes(most: number, scope?: string, key?: Key): readonly ChangeFact[] {
    const found: ChangeFact[] = [];
    const length = this.capacity === 0 ? 0 : this.#changes.length;
    for (let back = 1; back <= length && found.length < most; back += 1) {
      const change = this.#changes[(this.#next - back + length) % length];
      if (scope !== undefined && change.scope !== scope) continue;
      if (key !== undefined && !sameKey(change.key, key)) continue;
      found.push(factOf(change));
    }
    return found;
  }

  /** Calls `tap` for everything that happens, until the returned function is called. */
  tap(tap: Tap): () => void {
    this.#taps.add(tap);
    this.isOn = true;
    return () => {
      this.#taps.delete(tap);
      this.isOn = this.capacity > 0 || this.#taps.size > 0;
    };
  }

  /** A field, so that scheduling it makes no closure. */
  readonly #endTurn = (): void => {
    this.#turnAt = undefined;
  };
}

const NO_CHANGE: Change = {
  number: 0,
  at: 0,
  type: 'join',
  scope: '',
  key: '',
  pid: undefined,
  entries: 0,
  revision: 0,
  cause: 'call',
};

function factOf({ number, at, type, scope, key, pid, entries, revision, cause }: Change): ChangeFact {
  return {
    number,
    at,
    type,
    scope,
    key: toJson(key, MOST_KEY_CHARS),
    keyText: formatKey(key),
    pid: pid === undefined ? '' : pidText(pid),
    node: pid?.node ?? '',
    entries,
    revision,
    cause,
  };
}
