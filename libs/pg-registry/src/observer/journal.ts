import type { PeerEvent } from '../cluster';
import type { Cause, ChangeRecorder } from '../scope';
import type { Change, Diff } from '../table';
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

/** What successive changes of one scope have in common, of one cause and in one turn of the event loop. */
interface Series {
  readonly scope: string;
  readonly cause: Cause;
  readonly at: number;
  /** The number of the first of them less its place among all changes. */
  readonly offset: number;
}

type Kind = Change['kind'];
/** What is kept of a change: key, process, revision, kind (a text, or several entries), and its series. Never values. */
type Field = Key | Pid | Several | Series | undefined;
/** Several entries of a key changed at once. */
interface Several {
  readonly kind: Kind;
  readonly entries: number;
}

/** So many changes are kept in one array. */
const PER_CHUNK = 64;
const FIELDS = 5;
/** Copied, because a copy has its places and their kind from the beginning. */
const BLANK: readonly Field[] = Array.from({ length: PER_CHUNK * FIELDS }, () => undefined);

/** Hears of each thing as it happens. It must read the change at once, if it wants it, and must not throw. */
export type Tap = (change: () => ChangeFact, scope: string, key: Key | undefined) => void;

/** Where a {@link Journal} takes the time from, in milliseconds since 1970. */
export interface JournalClock {
  wall(): number;
  /** Runs `fn` when the current turn of the event loop is over. */
  afterTurn(fn: () => void): unknown;
}

/**
 * The latest changes of entries, and what happened to peers. A change is kept without its values. It costs the number of keys that it
 * touched. Nothing is kept, and nothing is called, while the journal is off and nobody follows.
 *
 * Changes go into a fresh array, which is full before the garbage collector has moved it among the old objects, most of the time. To
 * write a reference into an old object costs a write several times as much, because the collector must be told of it.
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
  /** What the next change has in common with the one before it, if its scope and cause are the same. */
  #series: Series | undefined;
  /** The array that is being filled, and how much of it is. */
  #chunk: Field[] = [];
  #used = 0;
  /** As many as hold the capacity beside the one that is being filled; each takes the place of the oldest. */
  readonly #chunks: Field[][];
  /** How many of the numbers are not those of changes. */
  #notes = 0;
  readonly #peerEvents: ChangeFact[] = [];
  readonly #taps = new Set<Tap>();

  constructor(capacity: number, clock: JournalClock) {
    this.capacity = capacity;
    this.isOn = capacity > 0;
    this.#clock = clock;
    this.#chunks = Array.from({ length: Math.ceil(capacity / PER_CHUNK) + 1 }, () => []);
  }

  record(scope: string, diff: Diff, cause: Cause): void {
    let series = this.#series;
    if (series === undefined || series.scope !== scope || series.cause !== cause)
      this.#series = series = this.#begin(scope, cause);
    const isOwn = cause === 'call' || cause === 'exit';
    for (const { kind, key, rows } of diff) {
      if (this.#used === this.#chunk.length) this.#beginChunk();
      const chunk = this.#chunk;
      const at = this.#used;
      const row = rows[0];
      chunk[at] = isOwn || heapBytesOf(key) <= MOST_KEY_BYTES ? key : LARGE_KEY;
      chunk[at + 1] = row.pid;
      chunk[at + 2] = row.revision;
      chunk[at + 3] = rows.length === 1 ? kind : { kind, entries: rows.length };
      chunk[at + 4] = series;
      this.#used = at + FIELDS;
      this.number += 1;
      if (this.#taps.size > 0) this.#tell(scope, key);
    }
  }

  /** Something happened to a peer. */
  peer(event: PeerEvent): void {
    this.note(event.type, event.node, 'reason' in event ? event.reason : '');
  }

  /** Something happened to a node: a word for what, and why. */
  note(type: string, node: string, cause: string): void {
    this.#series = undefined;
    this.#notes += 1;
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
    const { capacity } = this;
    const written = this.number - this.#notes;
    for (let at = written - 1; at >= Math.max(0, written - capacity) && found.length < most; at -= 1) {
      const place = this.#placeOf(at);
      if (scope !== undefined && place.series.scope !== scope) continue;
      if (key !== undefined && !sameKey(place.key, key)) continue;
      found.push(factOf(place, at));
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
      // Its keys were only for those who followed.
      if (!this.isOn) this.#chunks[0] = this.#chunk = this.#chunk.length === 0 ? [] : [...BLANK];
    };
  }

  #begin(scope: string, cause: Cause): Series {
    if (this.#turnAt === undefined) {
      this.#turnAt = this.#clock.wall();
      this.#clock.afterTurn(this.#endTurn);
    }
    return { scope, cause, at: this.#turnAt, offset: 1 + this.#notes };
  }

  #beginChunk(): void {
    const before = this.number - this.#notes;
    this.#chunk = BLANK.slice();
    this.#chunks[Math.floor(before / PER_CHUNK) % this.#chunks.length] = this.#chunk;
    this.#used = 0;
  }

  /** Tells those who follow of the latest change. */
  #tell(scope: string, key: Key): void {
    const at = this.number - this.#notes - 1;
    const place = this.#placeOf(at);
    for (const tap of this.#taps) tap(() => factOf(place, at), scope, key);
  }

  /** The change that was written as so manieth, from 0 on. */
  #placeOf(at: number): Place {
    const chunk = this.#chunks[Math.floor(at / PER_CHUNK) % this.#chunks.length];
    const from = (at % PER_CHUNK) * FIELDS;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- record() writes them
    const [key, pid, revision, kind, series] = chunk.slice(from, from + FIELDS) as [
      Key,
      Pid,
      number,
      Kind | Several,
      Series,
    ];
    return { key, pid, revision, several: typeof kind === 'string' ? { kind, entries: 1 } : kind, series };
  }

  /** A field, so that scheduling it makes no closure. */
  readonly #endTurn = (): void => {
    this.#turnAt = undefined;
    this.#series = undefined;
  };
}

/** A change as it is kept. */
interface Place {
  readonly key: Key;
  readonly pid: Pid;
  readonly revision: number;
  readonly several: Several;
  readonly series: Series;
}

/** @param at How many changes were before it. */
function factOf({ key, pid, revision, several, series }: Place, at: number): ChangeFact {
  return {
    number: at + series.offset,
    at: series.at,
    type: several.kind,
    scope: series.scope,
    key: toJson(key, MOST_KEY_CHARS),
    keyText: formatKey(key),
    pid: pidText(pid),
    node: pid.node,
    entries: several.entries,
    revision,
    cause: series.cause,
  };
}
