import {
  BadRequestException,
  Inject,
  Injectable,
  PayloadTooLargeException,
  Scope,
  ServiceUnavailableException,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  HandleCall,
  HandleCast,
  type LocalProcess,
  type Pid,
  ProcessExitedError,
  type ProcessLifecycle,
  ProcessService,
} from 'nestjs-pg-registry';
import { applyUpdate, decodeStateVector, diffUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs';
import { CollaborationOptions } from '../collaboration-options';
import { DocumentStore } from '../persistence/document-store';
import type { Addition, SaveReport } from '../persistence/persistence-writer';
import { MAX_DOCUMENT_BYTES, MAX_FRAME_BYTES, PIECE_BYTES } from './limits';
import type { Announcement, Join, Joined, Legacy, Piece, Presence, Saved, Write } from './messages';
import { Assembly, piecesOf } from './pieces';
import { PresenceBoard } from './presence-board';

/** What a shared document is started with. */
export interface SharedDocStart {
  readonly document: string;
  readonly writer: Pid;
  /** What the last holder left, if it handed the document over. */
  readonly legacy: Legacy | undefined;
}

/** An update that Yjs cannot read. Its sender is at fault. Nest logs no `HttpException`, as it would every other error: clients cause it. */
export class RefusedUpdateError extends BadRequestException {
  override readonly name = 'RefusedUpdateError';
}

/** The document has reached its limit. */
export class DocumentFullError extends PayloadTooLargeException {
  override readonly name = 'DocumentFullError';
}

/** The document takes nothing more here: sessions go on at its next holder. */
export class DocumentLeavingError extends ServiceUnavailableException {
  override readonly name = 'DocumentLeavingError';
}

/** A session of the document. */
interface Member {
  readonly pid: Pid;
  readonly update: Assembly;
  stream: number;
  sent: number;
  /** The pieces of its join that it has not read. */
  unread: Piece[];
}

const FLUSH_TIMEOUT_MS = 5000;
/** A client whose socket was lost may come back through another node before the others see it go. */
const RETURN_MS = 3000;

/**
 * One document that several clients edit: takes their updates, passes them on, and has them saved. Ends when its last session has left and
 * everything is saved. Mirrors `Lightning.Collaboration`'s SharedDoc.
 */
@Injectable({ scope: Scope.TRANSIENT })
export class SharedDoc implements ProcessLifecycle<SharedDocStart> {
  readonly #processes: ProcessService;
  readonly #process: LocalProcess;
  readonly #store: DocumentStore;
  readonly #idleMs: number;
  readonly #doc = new Doc();
  readonly #members = new Map<string, Member>();
  readonly #board = new PresenceBoard();
  #writer!: Pid;
  /** A state vector of what is saved. */
  readonly #savedClocks = new Map<number, number>();
  #savedSequence = 0;
  #sequence = 0;
  #problem: string | undefined;
  /** At least as many bytes as the document has; exact after a count. */
  #bytes = 0;
  #countedBytes = 0;
  #hasStopped = false;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(
    processes: ProcessService,
    store: DocumentStore,
    options: CollaborationOptions,
    @Inject(REQUEST) process: LocalProcess,
  ) {
    this.#processes = processes;
    this.#process = process;
    this.#store = store;
    this.#idleMs = options.idleMs;
  }

  async onProcessStart({ document, writer, legacy }: SharedDocStart): Promise<void> {
    this.#writer = writer;
    const parts = await this.#store.load(document);
    for (const part of parts) applyUpdate(this.#doc, part);
    this.#bytes = parts.reduce((sum, { length }) => sum + length, 0);
    for (const [client, clock] of decodeStateVector(encodeStateVector(this.#doc)))
      this.#savedClocks.set(client, clock);
    await this.#processes.call(writer, 'serve', { doc: this.#process.pid, loaded: parts.length });
    this.#doc.on('update', (update, origin) => this.#changed(update, origin as Member | undefined));
    if (legacy?.unsaved !== undefined) applyUpdate(this.#doc, legacy.unsaved);
    for (const client of this.#board.inherit(legacy?.present ?? [])) this.#expireLater(client);
    this.#endWhenIdle();
  }

  onProcessExit(): void {
    clearTimeout(this.#idleTimer);
    this.#doc.destroy();
  }

  /** Adds a session, or lets it begin anew: it gets what its client lacks, and from now on every change. */
  @HandleCall()
  join({ session, stream, stateVector }: Join): Joined {
    const member = this.#member(session);
    const [first, ...rest] = piecesOf(encodeStateAsUpdate(this.#doc, stateVector));
    Object.assign(member, { stream, sent: 0, unread: rest });
    return { version: this.#sequence, changes: first, saved: this.#saved(), present: this.#board.all() };
  }

  /** Returns the next piece of what `join` began to answer. */
  @HandleCall()
  read(session: Pid): Piece {
    const piece = this.#members.get(String(session))?.unread.shift();
    if (piece === undefined) throw new Error('There is nothing left to read. Join again.');
    return piece;
  }

  /**
   * Applies an update, when its last piece is here, and passes it on to the other sessions.
   *
   * @returns How many updates the document has had. The answer to a sync step 1 often has nothing new.
   * @throws RefusedUpdateError if Yjs cannot read it; DocumentFullError; DocumentLeavingError.
   */
  @HandleCall()
  write({ session, ...piece }: Write): number {
    if (this.#hasStopped) throw new DocumentLeavingError('The document is on its way to another node.');
    const member = this.#member(session);
    const update = member.update.add(piece);
    if (update === undefined) return this.#sequence;
    try {
      this.#makeRoom(update);
      // Race: a session may pass on new changes before another brings those that come between. Then the new ones are applied, too, and the
      // other one's client lacks them.
      const { pendingStructs, pendingDs } = this.#doc.store;
      const isWhole = pendingStructs === null && pendingDs === null;
      applyUpdate(this.#doc, update, isWhole ? member : undefined);
    } catch (error) {
      if (error instanceof DocumentFullError) throw error;
      throw new RefusedUpdateError(`Yjs refuses an update: ${(error as Error).message}`);
    }
    return this.#sequence;
  }

  /** Notes what a session says of its client, and tells the others. */
  @HandleCall()
  announce({ session, presence }: Announcement): void {
    const member = this.#member(session);
    const news = this.#board.announce(String(session), presence);
    if (news !== undefined) this.#tell([news], member);
  }

  /** The writer's report. */
  @HandleCast()
  saved({ sequence, stateVector, problem, isCheckpointDue }: SaveReport): void {
    this.#savedSequence = sequence;
    this.#problem = problem;
    if (stateVector !== undefined)
      for (const [client, clock] of decodeStateVector(stateVector))
        this.#savedClocks.set(client, Math.max(clock, this.#savedClocks.get(client) ?? 0));
    const saved = this.#saved();
    for (const { pid, stream } of this.#members.values())
      this.#processes.cast(pid, 'saved', { stream, saved });
    if (isCheckpointDue) this.#checkpoint();
    if (this.#members.size === 0) this.#endWhenIdle();
  }

  /** Takes nothing more, and saves what there is. @returns What the next holder needs. */
  @HandleCall()
  async stop(): Promise<Legacy> {
    this.#hasStopped = true;
    return { unsaved: await this.#flush(), present: this.#board.all() };
  }

  /** Has the writer save. @returns What it could not save. @throws What its call throws, if it lives and does not say what that is */
  async #flush(): Promise<Uint8Array | undefined> {
    const ask = (question: 'flush' | 'unsaved') =>
      this.#processes.call<Uint8Array | undefined>(this.#writer, question, undefined, {
        timeoutMs: FLUSH_TIMEOUT_MS,
      });
    const isSaved = await ask('flush').then(
      () => true,
      () => false,
    );
    if (isSaved) return undefined;
    return await ask('unsaved').catch((error: unknown) => {
      // A writer that has ended meanwhile has saved what it had, or logged that it could not.
      if (error instanceof ProcessExitedError) return undefined;
      throw error;
    });
  }

  #changed(update: Uint8Array, origin: Member | undefined): void {
    this.#sequence += 1;
    for (const piece of piecesOf(update)) {
      const addition: Addition = { ...piece, sequence: this.#sequence };
      this.#processes.cast(this.#writer, 'add', addition);
    }
    const news = update.length <= PIECE_BYTES ? update : undefined;
    for (const member of this.#members.values()) {
      if (member === origin) continue;
      member.sent += 1;
      const { pid, stream, sent } = member;
      this.#processes.cast(pid, 'updated', { stream, sequence: sent, version: this.#sequence, update: news });
    }
  }

  #tell(present: readonly Presence[], except?: Member): void {
    for (const member of this.#members.values())
      if (member !== except) this.#processes.cast(member.pid, 'present', { stream: member.stream, present });
  }

  #member(pid: Pid): Member {
    const id = String(pid);
    let member = this.#members.get(id);
    if (member !== undefined) return member;
    member = { pid, update: new Assembly(MAX_FRAME_BYTES), stream: 0, sent: 0, unread: [] };
    this.#members.set(id, member);
    clearTimeout(this.#idleTimer);
    this.#processes.monitor(pid).subscribe(() => this.#left(id));
    return member;
  }

  #left(id: string): void {
    this.#members.delete(id);
    const client = this.#board.leave(id);
    if (client !== undefined) this.#expireLater(client);
    if (this.#members.size === 0) this.#endWhenIdle();
  }

  #expireLater(client: number): void {
    setTimeout(() => {
      const news = this.#process.alive ? this.#board.expire(client) : undefined;
      if (news !== undefined) this.#tell([news]);
    }, RETURN_MS).unref();
  }

  #saved(): Saved {
    return {
      stateVector: encodeStateVector(this.#savedClocks),
      version: this.#savedSequence,
      problem: this.#problem,
    };
  }

  #checkpoint(): void {
    for (const piece of piecesOf(encodeStateAsUpdate(this.#doc)))
      this.#processes.cast(this.#writer, 'checkpoint', piece);
  }

  /**
   * Counts an update. An edit may make a document smaller, so the bytes are counted before a document counts as full; but not for each update that
   * is refused. A session's answer to a sync is mostly what the document has already.
   */
  #makeRoom(update: Uint8Array): void {
    let added = update.length;
    if (this.#bytes + added > MAX_DOCUMENT_BYTES)
      added = diffUpdate(update, encodeStateVector(this.#doc)).length;
    if (this.#bytes + added > MAX_DOCUMENT_BYTES && this.#bytes > this.#countedBytes + PIECE_BYTES)
      this.#bytes = this.#countedBytes = encodeStateAsUpdate(this.#doc).length;
    if (this.#bytes + added > MAX_DOCUMENT_BYTES)
      throw new DocumentFullError(`A document has at most ${MAX_DOCUMENT_BYTES / 1024 / 1024} MB.`);
    this.#bytes += added;
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      // What is not saved keeps the document; the writer's next report comes here again.
      if (this.#members.size === 0 && this.#savedSequence === this.#sequence) this.#process.exit();
    }, this.#idleMs);
  }
}
