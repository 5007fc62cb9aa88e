import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  HandleCall,
  HandleCast,
  type LocalProcess,
  type Pid,
  type ProcessLifecycle,
  ProcessService,
} from 'nestjs-pg-registry';
import { encodeStateVector, mergeUpdates, parseUpdateMeta } from 'yjs';
import { CollaborationOptions } from '../collaboration-options';
import { MAX_DOCUMENT_BYTES, PIECE_BYTES } from '../documents/limits';
import type { Piece } from '../documents/messages';
import { Assembly } from '../documents/pieces';
import { LimitedLog } from '../limited-log';
import { DocumentStore, FencedError } from './document-store';
import { SaveSchedule } from './save-schedule';

/** Which document a writer writes, with which right, and who hears that it has ended and saved what it had. */
export interface WriterStart {
  readonly document: string;
  readonly token: number;
  readonly onEnd: () => void;
}

/** A piece of an update that the shared document hands over to its writer. */
export interface Addition extends Piece {
  /** How many updates the document has had, with this one. */
  readonly sequence: number;
}

/** What the writer tells the shared document after each attempt to save. */
export interface SaveReport {
  /** Every update up to this one is saved. */
  readonly sequence: number;
  /** How far each client's changes of this batch reach: a state vector. Undefined: nothing more was saved. */
  readonly stateVector: Uint8Array | undefined;
  /** Why the last attempt failed, for people. */
  readonly problem: string | undefined;
  /** Whether a checkpoint is due: the document then hands over its whole state. */
  readonly isCheckpointDue: boolean;
}

/**
 * Saves the updates of one document: when it is quiet, when there are many, and in any case after a while. An update that cannot be saved
 * stays here, and is tried again. Mirrors `Lightning.Collaboration.PersistenceWriter`.
 */
@Injectable({ scope: Scope.TRANSIENT })
export class PersistenceWriter implements ProcessLifecycle<WriterStart> {
  readonly #store: DocumentStore;
  readonly #processes: ProcessService;
  readonly #process: LocalProcess;
  readonly #schedule: SaveSchedule;
  readonly #checkpointAfter: number;
  readonly #log: LimitedLog;
  #start!: WriterStart;
  #doc: Pid | undefined;
  readonly #update = new Assembly(2 * MAX_DOCUMENT_BYTES);
  readonly #state = new Assembly(2 * MAX_DOCUMENT_BYTES);
  #unsaved: Uint8Array[] = [];
  #sequence = 0;
  #savedSequence = 0;
  #updatesSinceCheckpoint = 0;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;
  #problem: string | undefined;

  constructor(
    store: DocumentStore,
    processes: ProcessService,
    options: CollaborationOptions,
    log: LimitedLog,
    @Inject(REQUEST) process: LocalProcess,
  ) {
    this.#store = store;
    this.#processes = processes;
    this.#log = log;
    this.#process = process;
    this.#schedule = new SaveSchedule(options.saves);
    this.#checkpointAfter = options.saves.checkpointAfter;
  }

  onProcessStart(start: WriterStart): void {
    this.#start = start;
  }

  /** Saves what is left, whatever ended the process. The supervisor starts no other writer of the document before this has ended. */
  async onProcessExit(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.#flush();
    } catch (error) {
      const { length } = this.#unsaved;
      this.#log.error(
        PersistenceWriter.name,
        `${length} updates of '${this.#start.document}' were not saved: ${(error as Error).message}`,
      );
    } finally {
      this.#start.onEnd();
    }
  }

  /** Names the document that is told what was saved, and how many updates of it are in the database already. */
  @HandleCall()
  serve({ doc, loaded }: { readonly doc: Pid; readonly loaded: number }): void {
    this.#doc = doc;
    this.#updatesSinceCheckpoint = loaded;
  }

  @HandleCast()
  add({ sequence, ...piece }: Addition): void {
    const update = this.#update.add(piece);
    if (update === undefined) return;
    this.#unsaved.push(update);
    this.#sequence = sequence;
    this.#schedule.added(performance.now());
    this.#plan();
  }

  /** Returns when everything that was said to the writer before is here: messages that wait are lost with their process. */
  @HandleCall()
  receiveAll(): void {
    // The answer says it.
  }

  /** Saves everything now. @throws What the store throws; the updates stay. */
  @HandleCall()
  async flush(): Promise<void> {
    await this.#flush();
  }

  /** Returns what is not saved, as one update, for the next holder. If it is too long for a message, the clients replay it. */
  @HandleCall()
  unsaved(): Uint8Array | undefined {
    if (this.#unsaved.length === 0) return undefined;
    const update = mergeUpdates(this.#unsaved);
    return update.length <= PIECE_BYTES ? update : undefined;
  }

  /** Replaces what is stored by the whole document. If that fails, nothing is lost: the changes are there, and the next one is tried later. */
  @HandleCast()
  async checkpoint(piece: Piece): Promise<void> {
    const state = this.#state.add(piece);
    if (state === undefined) return;
    try {
      await this.#store.checkpoint({ ...this.#start, bytes: state });
      this.#updatesSinceCheckpoint = 0;
    } catch (error) {
      this.#failed(error);
    }
  }

  #plan(): void {
    clearTimeout(this.#timer);
    const dueAt = this.#schedule.dueAt();
    // A save that runs plans the next one when it has ended.
    if (dueAt === undefined || this.#saving !== undefined || !this.#process.alive) return;
    this.#timer = setTimeout(() => void this.#saveWhenDue(), Math.max(0, dueAt - performance.now()));
  }

  async #saveWhenDue(): Promise<void> {
    try {
      await this.#flush();
    } catch {
      // Reported by #save, which has planned the next attempt.
    }
  }

  async #flush(): Promise<void> {
    // Another attempt may run; what was added since needs one of its own.
    if (this.#saving !== undefined) await this.#saving.catch(() => undefined);
    if (this.#unsaved.length === 0) return;
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
      this.#plan();
    });
    await this.#saving;
  }

  async #save(): Promise<void> {
    const [batch, sequence] = [this.#unsaved, this.#sequence];
    this.#unsaved = [];
    this.#schedule.began();
    const bytes = mergeUpdates(batch);
    try {
      await this.#store.save({ ...this.#start, bytes });
    } catch (error) {
      this.#unsaved = [bytes, ...this.#unsaved];
      this.#schedule.failed(batch.length, performance.now());
      this.#failed(error);
      throw error;
    }
    this.#schedule.succeeded();
    this.#problem = undefined;
    this.#savedSequence = sequence;
    this.#updatesSinceCheckpoint += batch.length;
    this.#report(encodeStateVector(parseUpdateMeta(bytes).to));
  }

  #failed(error: unknown): void {
    if (error instanceof FencedError) return this.#process.exit(error.message);
    const { message } = error as Error;
    if (this.#problem === undefined)
      this.#log.warn(PersistenceWriter.name, `'${this.#start.document}' is not saved: ${message}`);
    this.#problem = `The database does not take changes: ${message}`;
    this.#report(undefined);
  }

  #report(stateVector: Uint8Array | undefined): void {
    if (this.#doc === undefined || !this.#process.alive) return;
    const isCheckpointDue =
      stateVector !== undefined && this.#updatesSinceCheckpoint >= this.#checkpointAfter;
    const report: SaveReport = {
      sequence: this.#savedSequence,
      stateVector,
      problem: this.#problem,
      isCheckpointDue,
    };
    this.#processes.cast(this.#doc, 'saved', report);
  }
}
