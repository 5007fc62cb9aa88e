import { SentOnce } from '../cluster';
import type { Row } from '../table';
import { Writer } from '../wire';
import { joinBody, MAX_HEAD_BYTES, type SyncAsk } from './body';
import { ChunkWriter, MAX_CHUNK_ROWS, startChunk } from './chunk-body';
import { piecesOf } from './chunk-pieces';
import type { OutboundStream } from './outbound-stream';
import type { StreamDeps } from './stream-deps';
import type { StreamPeer } from './stream-output';

const CHUNK_BYTES = 64 * 1024;
/** Rows are taken from the table in portions, because how many fit is known only when they are encoded. */
const PORTION = 500;
/** However much a peer asks for, no more chunks than these are under way to it. */
const MAX_OUTSTANDING = 2;

/** An asker that has had everything, and may not have it again, is not served for this long: chunks take time to make. */
const REFUSED_MS = 200;

/** How far a peer has got in its walk through the own entries. */
interface SyncProgress {
  readonly peer: StreamPeer;
  readonly askerRun: number;
  readonly session: number;
  /** Entry number where the next chunk begins; Infinity after the last one. */
  sentTo: number;
  sent: number;
  credit: number;
  /** What was sent in all sessions of the asker's life, whichever run of the scope asked. */
  readonly had: SentOnce;
}

/**
 * The owner's side of a sync: sends its entries in order of their numbers, chunk by chunk, to each peer that asks.
 *
 * No snapshot is held. A chunk shows its entries as of the last own operation, which has been sent before it. A peer that receives
 * both in order merges at the right moment; any other waits or asks again. Only the newest session of each peer is kept. Each `serve`
 * makes one chunk, for one peer after the other, so thirty peers that ask at once do not stop the event loop.
 */
export class SyncResponder {
  readonly #progressOf = new Map<string, SyncProgress>();
  readonly #ready = new Set<SyncProgress>();
  /** When to `serve`, as soon as the connection is open; Infinity while nobody waits. */
  deadline = Infinity;
  readonly #head = new Writer();
  readonly #rows = new Writer();

  readonly #deps: StreamDeps;
  readonly #outbound: OutboundStream;

  constructor(deps: StreamDeps, outbound: OutboundStream) {
    this.#deps = deps;
    this.#outbound = outbound;
  }

  /** Starts a new session, or gives more credit to the present one. Asks of earlier sessions came late and are ignored. */
  admit(peer: StreamPeer, { askerRun, session, cursor, credit }: SyncAsk, now: number): void {
    let progress = this.#progressOf.get(peer.incarnation);
    const isNewer =
      progress === undefined ||
      askerRun > progress.askerRun ||
      (askerRun === progress.askerRun && session > progress.session);
    if (isNewer) {
      if (progress !== undefined) this.#unready(progress);
      const had = progress?.had ?? new SentOnce(peer.allowance);
      if (now < had.refusedAt + REFUSED_MS) return this.#deps.output.count('answers-refused');
      progress = { peer, askerRun, session, sentTo: cursor, sent: 0, credit: 0, had };
      this.#progressOf.set(peer.incarnation, progress);
    }
    if (progress === undefined || askerRun !== progress.askerRun || session !== progress.session) return;
    progress.credit = Math.max(progress.credit, Math.min(credit, progress.sent + MAX_OUTSTANDING));
    this.#makeReady(progress, now);
  }

  /** Sends one chunk to the peer that has waited longest. */
  serve(now: number): void {
    const progress = this.#ready.values().next().value;
    if (progress === undefined || !this.#deps.budget.open) return;
    // The chunk is a picture after the last operation: the peer must have been sent that operation before.
    this.#outbound.flush(now);
    if (this.#outbound.flushAt !== Infinity || !this.#deps.budget.open) return;
    this.#unready(progress);
    const bodies = this.#makeChunk(progress, now);
    if (bodies === undefined) return this.#deps.output.count('answers-refused'); // its asker asks again later
    for (const body of bodies) {
      this.#deps.output.send(progress.peer, 'sync', body);
      this.#deps.budget.published(body.length);
    }
    this.#deps.output.count('chunks');
    this.#makeReady(progress, now);
  }

  /** The peer is gone. */
  forget(incarnation: string): void {
    const progress = this.#progressOf.get(incarnation);
    if (progress === undefined) return;
    this.#progressOf.delete(incarnation);
    this.#unready(progress);
  }

  #makeReady(progress: SyncProgress, now: number): void {
    if (progress.sent >= progress.credit || progress.sentTo === Infinity) return;
    this.#ready.add(progress);
    this.deadline = now;
  }

  #unready(progress: SyncProgress): void {
    this.#ready.delete(progress);
    if (this.#ready.size === 0) this.deadline = Infinity;
  }

  /**
   * Encodes the next chunk of a peer, in pieces if it is too large, and moves its progress on; undefined if the peer has had it, and asks
   * too often.
   */
  #makeChunk(progress: SyncProgress, now: number): readonly Uint8Array[] | undefined {
    const { askerRun, session, sentTo: from, had } = progress;
    const at = this.#outbound.last;
    const chunk = new ChunkWriter(this.#rows, at);
    const to = this.#writeRows(chunk, from) ? Infinity : chunk.to;
    startChunk(this.#head, this.#deps.run, { askerRun, session, from, to, at });
    if (!had.takeAnew(from, to, this.#rows.length, now)) return undefined;
    progress.sentTo = to;
    progress.sent += 1;
    const body = joinBody(this.#head, this.#rows.view());
    return piecesOf(
      body,
      this.#head,
      this.#deps.run,
      { askerRun, session, from },
      this.#deps.budget.maxBodyBytes,
    );
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
