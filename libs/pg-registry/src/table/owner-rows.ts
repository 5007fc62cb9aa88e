import { FIXED_SEED, type HashSeed, HEAP_BYTES, heapBytesOf, heapBytesOfKey, type Pid } from '../term';
import { RunningDigest } from './digest';
import { Page, PAGE_SIZE, type PageSnapshot } from './page';
import { ProcessRows } from './process-rows';
import type { Row, RowsOfOwner } from './row';
import { ShardedMap } from './sharded-map';

/** How many empty pages are always kept, so that a register and unregister in turn need not make a page each time. */
const SPARE_PAGES = 8;

/** What a row and a page of rows take in memory, in bytes: upper estimates, as `HEAP_BYTES` has them for all else. */
const ROW_BYTES = 144;
const PAGE_BYTES = 400;

/**
 * The rows of one owner (one incarnation of a node), found by entry number and walked in order of entry numbers.
 *
 * Rows are kept in pages of 32 consecutive numbers that hold live rows only: memory is proportional to these, however
 * far apart the numbers of a hostile peer are, while a number is found in (practically) constant time. Among a
 * million consecutive numbers it is as fast as a Map, which knows no order.
 */
export class OwnerRows implements RowsOfOwner {
  /** The highest number ever added; a row above it goes behind all others of this owner. */
  highest = -1;
  readonly digest = new RunningDigest();

  count = 0;
  /**
   * An upper estimate of what these rows take in memory, in bytes. What several rows share counts for each. Own rows are not counted: their
   * number is the user's own affair.
   */
  heapBytes = 0;
  /** Peers choose the numbers of their processes and entries. */
  readonly #seed: HashSeed;
  readonly #processes: ShardedMap<number | string, ProcessRows>;
  readonly #pages = new Map<number | string, Page>();
  /** The page that was used last: the rows of one operation, and those of a young process, are in one page. */
  #recent: Page | undefined = undefined;
  /** All pages, ascending while `isSorted`. */
  #order: Page[] = [];
  #isSorted = true;
  #emptyPages = 0;

  constructor(
    readonly incarnation: string,
    readonly isOwn: boolean,
    seed: HashSeed = FIXED_SEED,
  ) {
    this.#seed = seed;
    this.#processes = new ShardedMap<number | string, ProcessRows>(seed.spread);
  }

  /** Pages in memory, empty ones included. */
  get pageCount(): number {
    return Math.max(this.#pages.size, this.#order.length);
  }

  /** The rows of a process, if it has any. */
  process(pid: Pid): ProcessRows | undefined {
    return this.#processes.get(this.#seed.tokenOf(pid.id));
  }

  /** The rows of a process, for adding one: an empty list if it has none. */
  processOrNew(pid: Pid): ProcessRows {
    const token = this.#seed.tokenOf(pid.id);
    let process = this.#processes.get(token);
    if (process === undefined) {
      process = new ProcessRows(pid, this);
      this.#processes.set(token, process);
      if (!this.isOwn) this.heapBytes += HEAP_BYTES.process;
    }
    return process;
  }

  get(number: number): Row | undefined {
    return this.#page(number)?.get(number);
  }

  add(row: Row): void {
    const page = this.#page(row.number) ?? this.#newPage(row.number);
    if (page.isEmpty) this.#emptyPages -= 1;
    page.add(row);
    this.count += 1;
    if (!this.isOwn) this.heapBytes += ROW_BYTES + heapBytesOfKey(row.key) + heapBytesOf(row.value);
    if (row.number > this.highest) this.highest = row.number;
    this.digest.change(1, row.number, row.revision);
  }

  remove(row: Row): void {
    const page = this.#page(row.number)!;
    page.remove(row);
    if (page.isEmpty) this.#emptied();
    this.count -= 1;
    if (!this.isOwn) this.heapBytes -= ROW_BYTES + heapBytesOfKey(row.key) + heapBytesOf(row.value);
    this.digest.change(-1, row.number, row.revision);
    // A process of this node may well come back soon; when it exits, `forget` is called.
    if (row.process.count === 0 && !this.isOwn) this.#dropProcess(row.pid);
  }

  /** Drops what is kept of an own process that has no rows and will have none any more. */
  forget(pid: Pid): void {
    if (this.process(pid)?.count === 0) this.#dropProcess(pid);
  }

  /** Puts `row`, which has the number of `old`, where `old` was. */
  replace(old: Row, row: Row): void {
    this.#page(row.number)!.replace(row);
    if (!this.isOwn) this.heapBytes += heapBytesOf(row.value) - heapBytesOf(old.value);
    this.digest.change(-1, old.number, old.revision);
    this.digest.change(1, row.number, row.revision);
  }

  /**
   * Rows with numbers in (from, to], ascending, at most `limit`.
   * Cost: the answer and the logarithm of the number of pages.
   */
  between(from: number, to: number, limit = Infinity): Row[] {
    const found: Row[] = [];
    const pages = this.#sortedPages();
    for (let at = firstPageAfter(pages, from); at < pages.length; at += 1) {
      if (pages[at].first > to || found.length >= limit) break;
      pages[at].collect(from, to, limit, found);
    }
    return found;
  }

  /** The rows with the highest numbers, descending, at most `limit`. Cost: the answer, and the empty pages above it. */
  newest(limit: number): Row[] {
    const found: Row[] = [];
    const pages = this.#sortedPages();
    for (let at = pages.length - 1; at >= 0 && found.length < limit; at -= 1)
      pages[at].collectNewest(limit, found);
    return found;
  }

  /** Adds snapshots of all pages, in order of their numbers. */
  addPagesTo(snapshots: PageSnapshot[]): void {
    for (const page of this.#sortedPages()) snapshots.push(page.snapshot());
  }

  #dropProcess(pid: Pid): void {
    const isDropped = this.#processes.delete(this.#seed.tokenOf(pid.id));
    if (isDropped && !this.isOwn) this.heapBytes -= HEAP_BYTES.process;
  }

  #page(number: number): Page | undefined {
    const first = number - (number % PAGE_SIZE);
    if (this.#recent?.first === first) return this.#recent;
    const page = this.#pages.get(this.#tokenOf(first));
    if (page !== undefined) this.#recent = page;
    return page;
  }

  #newPage(number: number): Page {
    const first = number - (number % PAGE_SIZE);
    const page = new Page(first);
    const last = this.#order.at(-1);
    if (last !== undefined && last.first > first) this.#isSorted = false;
    this.#pages.set(this.#tokenOf(first), page);
    this.#order.push(page);
    this.#emptyPages += 1;
    if (!this.isOwn) this.heapBytes += PAGE_BYTES;
    return page;
  }

  /** A 32-bit integer for numbers below 2^36, so that no string is made. */
  #tokenOf(first: number): number | string {
    return this.#seed.tokenOf(first / PAGE_SIZE);
  }

  /** Counts an emptied page; when more than half of the pages are empty they go, so each costs constant time. */
  #emptied(): void {
    this.#emptyPages += 1;
    if (this.#emptyPages <= SPARE_PAGES || this.#emptyPages * 2 <= this.#order.length) return;
    for (const page of this.#order) if (page.isEmpty) this.#pages.delete(this.#tokenOf(page.first));
    if (!this.isOwn) this.heapBytes -= this.#emptyPages * PAGE_BYTES;
    this.#order = this.#order.filter((page) => !page.isEmpty);
    this.#recent = undefined;
    this.#emptyPages = 0;
  }

  /** Pages in order. Own numbers only rise, so sorting happens only after a re-sync filled a hole with a new page. */
  #sortedPages(): readonly Page[] {
    if (!this.#isSorted) {
      this.#order.sort((a, b) => a.first - b.first);
      this.#isSorted = true;
    }
    return this.#order;
  }
}

/** Index of the first page that can contain a number above `from`. */
function firstPageAfter(pages: readonly Page[], from: number): number {
  let start = 0;
  let end = pages.length;
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (pages[middle].first + PAGE_SIZE - 1 <= from) start = middle + 1;
    else end = middle;
  }
  return start;
}
