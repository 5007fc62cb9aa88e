import { Inject } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  Entity,
  type EntityLifecycle,
  type EntityStart,
  HandleCall,
  InjectRegistry,
  type LocalProcess,
  PgRegistryService,
  type Pid,
  type ProcessLifecycle,
  ProcessService,
  via,
} from 'nestjs-pg-registry';
import { CollaborationOptions } from '../collaboration-options';
import { LimitedLog } from '../limited-log';
import { DocumentStore } from '../persistence/document-store';
import { PersistenceWriter } from '../persistence/persistence-writer';
import { COLLABORATION, CollaborationRegistry } from '../registry/collaboration-registry';
import type { Legacy } from './messages';
import { SharedDoc, type SharedDocStart } from './shared-doc';

/** The scope with the shared document of each document, of the whole cluster. Mirrors Lightning's `:pg` scope. */
export const DOCUMENTS = 'collaboration.documents';

/** Longer than a flush may take. */
const STOP_TIMEOUT_MS = 6000;
/** So long a writer may be busy, with a checkpoint, before what waits for it is given up. Its clients bring that again. */
const RECEIVE_TIMEOUT_MS = 1000;

/**
 * Holds the two processes of a document together, on the one node of the cluster where the entity `shared-doc` lives. A
 * lease guards it, so that there are never two, and its token goes into every row that is written. Starts the writer,
 * then the shared document; stops them the other way round. If one of them crashes, it ends for the same reason, and the next session that
 * looks for the document starts it again. Mirrors `Lightning.Collaboration.DocumentSupervisor`.
 */
@Entity('shared-doc', { guard: 'lease', idleMs: Infinity })
export class DocumentSupervisor
  implements ProcessLifecycle<EntityStart<string, Legacy>>, EntityLifecycle<Legacy>
{
  readonly #processes: ProcessService;
  readonly #process: LocalProcess;
  readonly #registry: CollaborationRegistry;
  readonly #documents: PgRegistryService;
  readonly #store: DocumentStore;
  readonly #tokenBase: number;
  readonly #log: LimitedLog;
  #doc: LocalProcess | undefined;
  /** Resolves when the writer has ended and saved what it had. */
  #saved: Promise<void> | undefined;
  #isEnding = false;

  constructor(
    processes: ProcessService,
    registry: CollaborationRegistry,
    @InjectRegistry(DOCUMENTS) documents: PgRegistryService,
    store: DocumentStore,
    options: CollaborationOptions,
    log: LimitedLog,
    @Inject(REQUEST) process: LocalProcess,
  ) {
    this.#processes = processes;
    this.#registry = registry;
    this.#documents = documents;
    this.#store = store;
    this.#log = log;
    this.#tokenBase = options.tokenBase;
    this.#process = process;
  }

  async onProcessStart({
    key: document,
    state: legacy,
    token: lease = 0,
  }: EntityStart<string, Legacy>): Promise<void> {
    this.#registry.register(['doc_supervisor', document]);
    const token = this.#tokenBase + lease;
    await this.#store.open(document, token);
    // It has no owner: owned processes end in the order of their start, and this one ends after the document.
    let onEnd!: () => void;
    const saved = new Promise<void>((resolve) => (onEnd = resolve));
    const writer = await this.#processes.start(PersistenceWriter, {
      via: via(COLLABORATION, ['persistence_writer', document]),
      args: { document, token, onEnd },
    });
    this.#saved = saved;
    this.#doc = await this.#startDoc({ document, writer: writer.pid, legacy }).catch((error: unknown) => {
      writer.exit();
      throw error;
    });
    this.#documents.join(document, this.#doc.pid);
    void this.#endWithWriter(writer);
    void this.#endWithDoc(this.#doc, writer);
  }

  /** Returns the shared document. That the call has arrived means that it runs. */
  @HandleCall()
  open(): Pid {
    return this.#doc!.pid;
  }

  async onHandOver(): Promise<Legacy> {
    return await this.#stopDoc();
  }

  /** Ends with the writer: the lease is free only then, for the token of the next holder fences what this writer has not saved. */
  async onProcessExit(): Promise<void> {
    this.#isEnding = true;
    try {
      if (this.#doc?.alive === true) await this.#stopDoc();
    } catch (error) {
      this.#log.warn(
        DocumentSupervisor.name,
        `The document was not stopped in order: ${(error as Error).message}`,
      );
    }
    // What it owns would end after it, and the writer ends after the document.
    this.#doc?.exit();
    await this.#saved;
  }

  async #startDoc(args: SharedDocStart): Promise<LocalProcess> {
    const doc = via(COLLABORATION, ['shared_doc', args.document]);
    return await this.#processes.start(SharedDoc, { via: doc, args, owner: this.#process });
  }

  async #endWithWriter(writer: LocalProcess): Promise<void> {
    this.#endWith(await writer.exited);
  }

  async #endWithDoc(doc: LocalProcess, writer: LocalProcess): Promise<void> {
    const reason = await doc.exited;
    // The writer is not at fault: it ends in order, and saves what it has and what the document has told it before.
    await this.#processes
      .call(writer.pid, 'receiveAll', undefined, { timeoutMs: RECEIVE_TIMEOUT_MS })
      .catch(() => undefined);
    writer.exit();
    this.#endWith(reason);
  }

  /** Race: a supervisor that is handed over ends both by itself. If it ended here, too, what it hands over would be lost. */
  #endWith(reason: unknown): void {
    if (!this.#isEnding) this.#process.exit(reason);
  }

  /** Stops the document, which saves. It goes on to answer, so that sessions learn why it takes nothing more. */
  async #stopDoc(): Promise<Legacy> {
    const doc = this.#doc!;
    try {
      return await this.#processes.call<Legacy>(doc.pid, 'stop', undefined, { timeoutMs: STOP_TIMEOUT_MS });
    } catch (error) {
      if (doc.alive) throw error;
      // Race: its last session has left, and it has ended by itself. Its writer saves what there is.
      return { unsaved: undefined, present: [] };
    }
  }
}
