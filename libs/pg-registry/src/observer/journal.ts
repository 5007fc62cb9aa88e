import type { PeerEvent } from '../cluster';
import type { Cause, ChangeCount, ChangeRecorder } from '../scope';
import type { Change, Diff } from '../table';
import { type Key, formatKey, heapBytesOf, sameKey, type Pid } from '../term';
import type { ChangeFact } from './facts';
import { pidText, toJson } from './json-form';
import { type OmissionPlace, Omissions } from './omissions';

/** What happened to peers is kept apart, because entries change far more often. */
const MOST_PEER_EVENTS = 500;
/** Peers may write keys as large as a frame, which must not stay here when their entries have left. Own keys have a limit of their own. */
const MOST_KEY_BYTES = 4096;
/** Is kept in place of a larger one. */
const LARGE_KEY: Key = `(a key of more than ${MOST_KEY_BYTES} bytes)`;
/** A longer key is shown by its beginning. */
const MOST_KEY_CHARS = 1000;

/** So many changes are kept in a second at most, or as many as the journal remembers if that is more. The others are only counted. */
const MOST_PER_SECOND = 100_000;
const SECOND_MS = 1000;

/** What successive changes of one scope have in common: of one cause, entries of one node, and in one turn of the event loop. */
interface Series {
  readonly scope: string;
  readonly cause: Cause;
  readonly node: string;
  readonly incarnation: string;
  readonly at: number;
  /** How many changes were before the first of them. */
  readonly from: number;
  /** The number of each less its place among all changes. */
  readonly offset: number;
}

const KINDS: readonly Change['kind'][] = ['join', 'leave', 'update'];

/** So many keys are kept in one array. */
const PER_CHUNK = 64;
/** Of a change: the process's id, the revision, and its kind with the number of its entries. */
const NUMBERS = 3;
/** Copied, because a copy has its places and their kind from the beginning. */
const BLANK: readonly (Key | undefined)[] = Array.from({ length: PER_CHUNK }, () => undefined);

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
 * touched, for the first {@link MOST_PER_SECOND} changes of a second. Those beyond are only counted ({@link Omissions}) unless somebody follows,
 * so that a program which writes in a loop pays for few of them. A turn of the event loop is one moment, however long it takes. Nothing is kept,
 * and nothing is called, while the journal is off and nobody follows.
 *
 * Of each change only its key is kept as a reference; the rest are numbers, which do not concern the garbage collector, and what successive
 * changes have in common is kept once. Keys go into a fresh array, which is full before the collector has moved it among the old objects,
 * most of the time: to write a reference to something new into an old object costs more, because the collector must be told of it. With all
 * its fields in such arrays a change took a tenth more time, and half as much again where each has a new key (docs/performance-notes.md).
 */
export class Journal implements ChangeRecorder {
  isOn: boolean;
  /** How many changes it keeps. */
  readonly capacity: number;
  readonly #clock: JournalClock;
  /** Whether the current turn of the event loop has written, and when the latest that did began. To ask for each write made it take a third longer. */
  #isInTurn = false;
  #turnAt = 0;
  /** What the next change has in common with the one before it, if its scope and cause are the same, and its entries' node. */
  #series: Series | undefined;
  /** The latest series, in the place of the oldest: one for each change that is kept at most. Those of the oldest changes overlap. */
  readonly #allSeries: Series[] = [];
  #latestSeries = -1;
  /** The keys: as many arrays as hold the capacity beside the one that is being filled; each takes the place of the oldest. */
  readonly #chunks: (Key | undefined)[][] = [];
  readonly #mostChunks: number;
  /** {@link NUMBERS} for each place of these arrays. */
  #numbers = new Float64Array(0);
  /** The array that is being filled, how much of it is, and how many places are before it. */
  #keys: (Key | undefined)[] = [];
  #used = PER_CHUNK;
  #before = 0;
  /** How many changes were kept, and how many other things happened. */
  #written = 0;
  #notes = 0;
  readonly #mostPerSecond: number;
  /** When the current second began, and how many changes will have been kept at its limit. */
  #secondAt = -Infinity;
  #limit = 0;
  readonly #omissions = new Omissions();
  /** Whether nothing is kept until the turn is over. */
  #isPaused = false;
  readonly #peerEvents: ChangeFact[] = [];
  readonly #taps = new Set<Tap>();

  constructor(capacity: number, clock: JournalClock) {
    this.capacity = capacity;
    this.isOn = capacity > 0;
    this.#clock = clock;
    this.#mostPerSecond = Math.max(MOST_PER_SECOND, capacity);
    this.#mostChunks = Math.ceil(capacity / PER_CHUNK) + 1;
  }

  /** Number of the latest thing that happened. */
  get number(): number {
    this.#countOmissions();
    return this.#written + this.#omissions.count + this.#notes;
  }

  begin(count: ChangeCount): void {
    this.#omissions.begin(count);
  }

  end(count: ChangeCount): void {
    this.#countOmissions();
    this.#omissions.end(count);
  }

  record(scope: string, diff: Diff, cause: Cause): void {
    if (!this.#isInTurn) this.#beginTurn();
    const room = this.#limit - this.#written;
    if (diff.length <= room) {
      this.#keep(scope, diff, cause);
      return;
    }
    if (room > 0) this.#keep(scope, diff.slice(0, room), cause);
    this.#omissions.add(scope, diff.length - room, this.#place);
    this.#pause();
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
      number: this.number,
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

  /**
   * The latest changes, of a scope and a key if they are given, the latest first, and between them what was left out of the scope. Costs the
   * capacity of the journal.
   */
  changes(most: number, scope?: string, key?: Key): readonly ChangeFact[] {
    const found: ChangeFact[] = [];
    const oldest = this.#oldest;
    let seriesAt = this.#latestSeries;
    for (let at = this.#written - 1; at >= oldest && found.length < most; at -= 1) {
      while (this.#seriesOf(seriesAt).from > at) seriesAt -= 1;
      const series = this.#seriesOf(seriesAt);
      if (scope !== undefined && series.scope !== scope) continue;
      if (key !== undefined && !sameKey(this.#keyOf(at), key)) continue;
      found.push(this.#factOf(at, series));
    }
    this.#countOmissions();
    const omitted = this.#omissions.facts(oldest, scope);
    if (omitted.length === 0) return found;
    return [...found, ...omitted].toSorted((a, b) => b.number - a.number).slice(0, most);
  }

  /** Calls `tap` for everything that happens, until the returned function is called. */
  tap(tap: Tap): () => void {
    this.#taps.add(tap);
    this.#allow(Infinity);
    this.isOn = true;
    return () => {
      this.#taps.delete(tap);
      if (this.#taps.size === 0) this.#allow(this.#mostPerSecond);
      this.isOn = this.#isWanted;
      // Its keys were only for those who followed.
      if (!this.isOn) for (const keys of this.#chunks) keys.fill(undefined);
    };
  }

  get #place(): OmissionPlace {
    return { kept: this.#written, notes: this.#notes, at: this.#turnAt };
  }

  get #isWanted(): boolean {
    return this.capacity > 0 || this.#taps.size > 0;
  }

  /** How many changes had been kept before the oldest one that is remembered. */
  get #oldest(): number {
    return Math.max(0, this.#written - this.capacity);
  }

  #beginTurn(): void {
    const now = this.#clock.wall();
    this.#isInTurn = true;
    this.#turnAt = now;
    this.#clock.afterTurn(this.#endTurn);
    // The clock may have been set back.
    if (now - this.#secondAt < SECOND_MS && now >= this.#secondAt) return;
    this.#secondAt = now;
    this.#allow(this.#taps.size > 0 ? Infinity : this.#mostPerSecond);
  }

  /** Keeps so many changes from now on. */
  #allow(most: number): void {
    this.#resume();
    this.#limit = this.#written + most;
    // The next change does not follow the one that was kept last.
    this.#series = undefined;
    this.#omissions.endAll(this.#oldest);
  }

  /** Keeps nothing until the turn is over. */
  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.isOn = false;
    this.#omissions.beginAll();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#countOmissions();
    this.#isPaused = false;
    this.isOn = this.#isWanted;
  }

  #countOmissions(): void {
    if (this.#isPaused) this.#omissions.addAll(this.#place);
  }

  #keep(scope: string, diff: Diff, cause: Cause): void {
    const isOwn = cause === 'call' || cause === 'exit';
    // With an index, and without comparing incarnations of what is all this node's, a change takes a quarter less (docs/performance-notes.md).
    // oxlint-disable-next-line typescript/prefer-for-of -- measured
    for (let each = 0; each < diff.length; each += 1) {
      const { key, rows, kind } = diff[each];
      const { pid, revision } = rows[0];
      const series = this.#series;
      if (
        series === undefined ||
        series.scope !== scope ||
        series.cause !== cause ||
        (!isOwn && series.incarnation !== pid.incarnation)
      )
        this.#begin(scope, cause, pid);
      if (this.#used === PER_CHUNK) this.#beginChunk();
      const place = this.#used;
      this.#keys[place] = isOwn || heapBytesOf(key) <= MOST_KEY_BYTES ? key : LARGE_KEY;
      const numbers = this.#numbers;
      const at = (this.#before + place) * NUMBERS;
      numbers[at] = pid.id;
      numbers[at + 1] = revision;
      numbers[at + 2] = rows.length * KINDS.length + (kind === 'join' ? 0 : kind === 'leave' ? 1 : 2);
      this.#used = place + 1;
      this.#written += 1;
      if (this.#taps.size > 0) this.#tell(scope, key);
    }
  }

  #begin(scope: string, cause: Cause, { node, incarnation }: Pid): void {
    const series = {
      scope,
      cause,
      node,
      incarnation,
      at: this.#turnAt,
      from: this.#written,
      offset: 1 + this.#omissions.count + this.#notes,
    };
    this.#series = series;
    this.#latestSeries += 1;
    this.#allSeries[this.#latestSeries % Math.max(1, this.capacity)] = series;
  }

  #beginChunk(): void {
    const at = Math.floor(this.#written / PER_CHUNK) % this.#mostChunks;
    if (this.#numbers.length === 0) this.#numbers = new Float64Array(this.#mostChunks * PER_CHUNK * NUMBERS);
    this.#keys = BLANK.slice();
    this.#chunks[at] = this.#keys;
    this.#before = at * PER_CHUNK;
    this.#used = 0;
  }

  /** Tells those who follow of the latest change. */
  #tell(scope: string, key: Key): void {
    const at = this.#written - 1;
    const series = this.#seriesOf(this.#latestSeries);
    for (const tap of this.#taps) tap(() => this.#factOf(at, series), scope, key);
  }

  /** The series that was begun as so manieth, from 0 on. */
  #seriesOf(at: number): Series {
    return this.#allSeries[at % Math.max(1, this.capacity)];
  }

  /** The key of the change that was written as so manieth, from 0 on. */
  #keyOf(at: number): Key {
    // oxlint-disable-next-line typescript/no-non-null-assertion -- a key was written there
    return this.#chunks[Math.floor(at / PER_CHUNK) % this.#mostChunks][at % PER_CHUNK]!;
  }

  #factOf(at: number, { scope, cause, node, incarnation, at: time, offset }: Series): ChangeFact {
    const key = this.#keyOf(at);
    const from = (at % (this.#mostChunks * PER_CHUNK)) * NUMBERS;
    const [id, revision, code] = this.#numbers.subarray(from, from + NUMBERS);
    return {
      number: at + offset,
      at: time,
      type: KINDS[code % KINDS.length],
      scope,
      key: toJson(key, MOST_KEY_CHARS),
      keyText: formatKey(key),
      pid: pidText({ node, incarnation, id }),
      node,
      entries: Math.floor(code / KINDS.length),
      revision,
      cause,
    };
  }

  /** A field, so that scheduling it makes no closure. */
  readonly #endTurn = (): void => {
    this.#isInTurn = false;
    this.#series = undefined;
    this.#resume();
  };
}
