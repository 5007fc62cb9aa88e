import type { Row } from '../table';
import { Writer } from '../wire';
import { joinBody, MAX_HEAD_BYTES, type SyncAsk } from './body';
import { ChunkWriter, MAX_CHUNK_ROWS, startChunk } from './chunk-body';
import type { OutboundStream } from './outbound-stream';
import type { StreamDeps } from './stream-deps';
import type { StreamPeer } from './stream-output';

const CHUNK_BYTES = 64 * 1024;
/** Rows are taken from the table in portions, because how many fit is known only when they are encoded. */
const PORTION = 500;
/** However much an asker asks for, so many chunks are under way to it. */
const MAX_OUTSTANDING = 2;

/** How far a peer has come in its walk through the own entries. */
interface Visitor {
  readonly peer: StreamPeer;
  readonly askerRun: number;
  readonly session: number;
  /** Entry number where the next chunk begins; Infinity after the last one. */
  sentTo: number;
  sent: number;
  credit: number;
}

/**
 * The owner's side of a sync: sends its entries in order of their numbers, chunk by chunk, to each peer that asks.
 *
 * No snapshot is held. A chunk shows its entries as of the last own operation, which has been sent before it; who receives both
 * in order merges at the right moment, and who does not waits or asks again. Of each peer only its newest session is known;
 * one chunk is made per `serve`, the peers in turn, so thirty that ask at once do not stop the event loop.
 */
export class SyncDesk {
  readonly #visitors = new Map<string, Visitor>();
  readonly #ready = new Set<Visitor>();
  #readySince = Infinity;
  readonly #head = new Writer();
  readonly #rows = new Writer();

  readonly #deps: StreamDeps;
  readonly #outbound: OutboundStream;

  constructor(deps: StreamDeps, outbound: OutboundStream) {
    this.#deps = deps;
    this.#outbound = outbound;
  }

  /** When to `serve`. */
  get deadline(): number {
    return this.#ready.size > 0 && this.#deps.budget.open ? this.#readySince : Infinity;
  }

  /** Admits a new session, or gives more credit to the one that is known. Asks of earlier sessions came late and are ignored. */
  admit(peer: StreamPeer, { askerRun, session, cursor, credit }: SyncAsk, now: number): void {
    let visitor = this.#visitors.get(peer.incarnation);
    const isNewer =
      visitor === undefined ||
      askerRun > visitor.askerRun ||
      (askerRun === visitor.askerRun && session > visitor.session);
    if (isNewer) {
      if (visitor !== undefined) this.#ready.delete(visitor);
      visitor = { peer, askerRun, session, sentTo: cursor, sent: 0, credit: 0 };
      this.#visitors.set(peer.incarnation, visitor);
    }
    if (visitor === undefined || askerRun !== visitor.askerRun || session !== visitor.session) return;
    visitor.credit = Math.max(visitor.credit, Math.min(credit, visitor.sent + MAX_OUTSTANDING));
    this.#makeReady(visitor, now);
  }

  /** Sends one chunk to the peer that has waited longest. */
  serve(now: number): void {
    const visitor = this.#ready.values().next().value;
    if (visitor === undefined || !this.#deps.budget.open) return;
    // The chunk is a picture after the last operation: whoever gets it must have been sent that operation.
    this.#outbound.flush(now);
    if (!this.#outbound.isFlushed || !this.#deps.budget.open) return;
    this.#ready.delete(visitor);
    const body = this.#makeChunk(visitor);
    this.#deps.output.send(visitor.peer, 'sync', body);
    this.#deps.output.count('chunks');
    this.#deps.budget.published(body.length);
    this.#makeReady(visitor, now);
  }

  /** The peer is gone. */
  forget(incarnation: string): void {
    const visitor = this.#visitors.get(incarnation);
    if (visitor === undefined) return;
    this.#visitors.delete(incarnation);
    this.#ready.delete(visitor);
  }

  #makeReady(visitor: Visitor, now: number): void {
    if (visitor.sent >= visitor.credit || visitor.sentTo === Infinity) return;
    this.#ready.add(visitor);
    this.#readySince = now;
  }

  /** Encodes the visitor's next chunk and moves it on. */
  #makeChunk(visitor: Visitor): Uint8Array {
    const { askerRun, session, sentTo: from } = visitor;
    const at = this.#outbound.last;
    const chunk = new ChunkWriter(this.#rows, at);
    const to = this.#writeRows(chunk, from) ? Infinity : chunk.to;
    startChunk(this.#head, this.#deps.run, { askerRun, session, from, to, at });
    visitor.sentTo = to;
    visitor.sent += 1;
    return joinBody(this.#head, this.#rows.view());
  }

  /** Writes rows after entry number `from` until the chunk is full. Returns whether these were all. */
  #writeRows(chunk: ChunkWriter, from: number): boolean {
    const maxBytes = Math.min(CHUNK_BYTES, this.#deps.budget.maxBodyBytes) - MAX_HEAD_BYTES;
    for (
      let portion = this.#rowsAfter(from, chunk);
      portion.length > 0;
      portion = this.#rowsAfter(chunk.to, chunk)
    ) {
      for (const row of portion) if (!chunk.add(row, maxBytes)) return false;
    }
    // A chunk that is full by its number of rows may have been the last; the next one is then empty and says so.
    return chunk.count < MAX_CHUNK_ROWS;
  }

  #rowsAfter(number: number, { count }: ChunkWriter): readonly Row[] {
    return this.#deps.table.ownRowsAfter(number, Math.min(PORTION, MAX_CHUNK_ROWS - count));
  }
}
