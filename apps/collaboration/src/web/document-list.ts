import { Injectable } from '@nestjs/common';
import { type Entry, InjectRegistry, PgRegistryNode, PgRegistryService } from 'nestjs-pg-registry';
import { auditTime, from, map, type Observable, startWith, switchMap } from 'rxjs';
import { CollaborationOptions } from '../collaboration-options';
import type { User } from '../gateway/presence-relay';
import { DocumentStore } from '../persistence/document-store';
import { COLLABORATION, CollaborationRegistry } from '../registry/collaboration-registry';

/** Somebody who has a document open. */
export interface ListedSession {
  readonly id: string;
  /** The node that serves this browser. */
  readonly node: string;
  readonly user: User | null;
}

/** A document, and who has it open. */
export interface ListedDocument {
  readonly name: string;
  /** The node that holds it; null: nobody has it open, or it is being looked for. */
  readonly holder: string | null;
  /** The first of them. */
  readonly sessions: readonly ListedSession[];
  readonly sessionCount: number;
}

/** The documents as one node sees them. */
export interface DocumentsView {
  /** The node that answers. */
  readonly node: string;
  /** Whether browsers may kill the holder of a document. */
  readonly demonstration: boolean;
  /** The path of the observer of the cluster. */
  readonly observer: string;
  readonly documents: readonly ListedDocument[];
  /** How many documents there are; stored ones that are not listed do not count. */
  readonly total: number;
}

/** Where the observer of the cluster is on each node. */
export const OBSERVER_PATH = '/pg-registry';

const MAX_DOCUMENTS = 200;
const MAX_SESSIONS = 50;
const MAX_EVENTS_PER_SECOND = 5;

/** Lists who is in which document, over the whole cluster: open ones from the registry of this node, others from the database. */
@Injectable()
export class DocumentList {
  readonly #node: PgRegistryNode;
  readonly #registry: CollaborationRegistry;
  readonly #scope: PgRegistryService;
  readonly #store: DocumentStore;
  readonly #options: CollaborationOptions;

  constructor(
    node: PgRegistryNode,
    registry: CollaborationRegistry,
    @InjectRegistry(COLLABORATION) scope: PgRegistryService,
    store: DocumentStore,
    options: CollaborationOptions,
  ) {
    this.#node = node;
    this.#registry = registry;
    this.#scope = scope;
    this.#store = store;
    this.#options = options;
  }

  /** Returns the documents that are open, those with most sessions first, and then the ones that were changed last. */
  async view(): Promise<DocumentsView> {
    const open = this.#openDocuments();
    const listed = open.slice(0, MAX_DOCUMENTS);
    const names = new Set(open.map(({ name }) => name));
    // Without its database the node still knows who is there.
    const stored = await this.#store.names(MAX_DOCUMENTS).catch(() => []);
    for (const name of stored)
      if (!names.has(name) && listed.length < MAX_DOCUMENTS)
        listed.push({ name, holder: null, sessions: [], sessionCount: 0 });
    const { isDemonstration: demonstration } = this.#options;
    const total = Math.max(open.length, listed.length);
    return { node: this.#node.name, demonstration, observer: OBSERVER_PATH, documents: listed, total };
  }

  /** Emits the view at once, and after each change. */
  changes(): Observable<DocumentsView> {
    return this.#scope.monitorScope().pipe(
      map(() => undefined),
      auditTime(1000 / MAX_EVENTS_PER_SECOND),
      startWith(undefined),
      switchMap(() => from(this.view())),
    );
  }

  /** Returns the supervisor of a document, wherever it is. */
  supervisorOf(document: string): Entry | undefined {
    return this.#scope.lookup(['doc_supervisor', document])[0];
  }

  #openDocuments(): ListedDocument[] {
    const holders = new Map<string, string>();
    for (const { key, pid } of this.#registry.entriesOf('doc_supervisor'))
      holders.set((key as readonly string[])[1], pid.node);
    const sessions = new Map<string, ListedSession[]>([...holders.keys()].map((name) => [name, []]));
    for (const { key, pid, value } of this.#registry.entriesOf('session')) {
      const name = (key as readonly string[])[1];
      const cut = name.lastIndexOf(':');
      const session = {
        id: name.slice(cut + 1),
        node: pid.node,
        user: (value as { user: User | null }).user,
      };
      const document = name.slice(0, cut);
      const others = sessions.get(document);
      if (others === undefined) sessions.set(document, [session]);
      else others.push(session);
    }
    return [...sessions]
      .map(([name, all]) => ({
        name,
        holder: holders.get(name) ?? null,
        sessions: all.slice(0, MAX_SESSIONS),
        sessionCount: all.length,
      }))
      .toSorted((a, b) => b.sessionCount - a.sessionCount || (a.name < b.name ? -1 : 1));
  }
}
