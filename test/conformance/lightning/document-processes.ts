import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  HandleCall,
  type LocalProcess,
  NotRegisteredError,
  PgRegistryNode,
  type ProcessLifecycle,
  ProcessService,
  type Via,
  via,
} from 'nestjs-pg-registry';

/** Which document a process works for, in which instance: the names of its two scopes. */
export interface DocumentArguments {
  readonly registry: string;
  readonly groups: string;
  readonly document: string;
}

/** Where documents are kept. */
@Injectable()
export class Storage {
  readonly saved = new Map<string, readonly string[]>();
}

/** Collects updates, and saves them when it ends. */
@Injectable({ scope: Scope.TRANSIENT })
export class PersistenceWriter implements ProcessLifecycle<DocumentArguments> {
  #document = '';
  readonly #updates: string[] = [];

  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  onProcessStart({ document }: DocumentArguments): void {
    this.#document = document;
  }

  onProcessExit(): void {
    this.#storage.saved.set(this.#document, this.#updates);
  }

  @HandleCall()
  add(update: string): void {
    this.#updates.push(update);
  }
}

/** The document that sessions edit. */
@Injectable({ scope: Scope.TRANSIENT })
export class SharedDoc implements ProcessLifecycle<DocumentArguments> {
  #writer!: Via;

  readonly #processes: ProcessService;

  constructor(processes: ProcessService) {
    this.#processes = processes;
  }

  onProcessStart(args: DocumentArguments): void {
    this.#writer = partOf(args, 'persistence_writer');
  }

  @HandleCall()
  async edit(update: string): Promise<void> {
    await this.#processes.call(this.#writer, 'add', update);
  }
}

/** Holds writer and shared document together: they end with it, and it with them. */
@Injectable({ scope: Scope.TRANSIENT })
export class DocumentSupervisor implements ProcessLifecycle<DocumentArguments> {
  readonly #node: PgRegistryNode;
  readonly #processes: ProcessService;
  readonly #process: LocalProcess;

  constructor(node: PgRegistryNode, processes: ProcessService, @Inject(REQUEST) process: LocalProcess) {
    this.#node = node;
    this.#processes = processes;
    this.#process = process;
  }

  async onProcessStart(args: DocumentArguments): Promise<void> {
    const child = { args, owner: this.#process };
    const writer = await this.#processes.start(PersistenceWriter, {
      ...child,
      via: partOf(args, 'persistence_writer'),
    });
    const doc = await this.#processes.start(SharedDoc, { ...child, via: partOf(args, 'shared_doc') });
    this.#node.scope(args.groups).join(args.document, doc.pid);
    for (const { exited } of [writer, doc]) void exited.then((reason) => this.#process.exit(reason));
  }

  @HandleCall()
  stop(): void {
    this.#process.exit();
  }
}

/** One user's editing of a document. */
@Injectable({ scope: Scope.TRANSIENT })
export class Session implements ProcessLifecycle<DocumentArguments> {
  #doc!: Via;

  readonly #node: PgRegistryNode;
  readonly #processes: ProcessService;

  constructor(node: PgRegistryNode, processes: ProcessService) {
    this.#node = node;
    this.#processes = processes;
  }

  onProcessStart({ groups, document }: DocumentArguments): void {
    if (this.#node.scope(groups).members(document).length === 0)
      throw new NotRegisteredError(`There is no document '${document}'.`, {});
    this.#doc = via(groups, document);
  }

  @HandleCall()
  async type(text: string): Promise<void> {
    await this.#processes.call(this.#doc, 'edit', text);
  }
}

/** The name of one of a document's processes. */
export function partOf({ registry, document }: DocumentArguments, kind: string): Via {
  return via(registry, [kind, document]);
}

@Module({ providers: [Storage, PersistenceWriter, SharedDoc, DocumentSupervisor, Session] })
export class DocumentsModule {}
