import { type DynamicModule, Module } from '@nestjs/common';
import { PgRegistryModule, type PgRegistryModuleOptions } from 'nestjs-pg-registry';
import { PgRegistryObserverModule } from 'nestjs-pg-registry/observer';
import { CollaborationOptions } from './collaboration-options';
import { DOCUMENTS, DocumentSupervisor } from './documents/document-supervisor';
import { SharedDoc } from './documents/shared-doc';
import { DocumentGateway } from './gateway/document.gateway';
import { Session } from './gateway/session';
import { Database } from './persistence/database';
import { DocumentStore } from './persistence/document-store';
import { PersistenceWriter } from './persistence/persistence-writer';
import { LimitedLog } from './limited-log';
import { CollaborationRegistry } from './registry/collaboration-registry';
import { AccessGuard } from './web/access.guard';
import { DocumentList, OBSERVER_PATH } from './web/document-list';
import { DocumentsController } from './web/documents.controller';
import { HealthController } from './web/health.controller';
import { NodeControl } from './web/node-control';
import { ObserverGuard } from './web/observer.guard';

/** What a node is made of. */
export interface CollaborationModuleOptions {
  /** How the node reaches the others. */
  readonly cluster: PgRegistryModuleOptions;
  readonly database: Database;
  readonly options: CollaborationOptions;
}

/** How long a document is without a holder when all nodes crash at once, so that none sees the others go. A node that stands still for so long loses what it holds. */
const LEASE_MS = 3000;
/** Longer than a supervisor waits for its document, which waits for a flush. */
const EXIT_TIMEOUT_MS = 12_000;

/** One node of the application. */
@Module({})
export class CollaborationModule {
  static on({ cluster, database, options }: CollaborationModuleOptions): DynamicModule {
    const { node } = options;
    // The database checks the tokens, so a lease may be taken over as soon as its node is known to have crashed.
    const names = { ttlMs: LEASE_MS, takeover: 'crash' } as const;
    const scopes = [CollaborationRegistry.scope(), DOCUMENTS];
    return {
      module: CollaborationModule,
      imports: [
        PgRegistryModule.forRoot({ exitTimeoutMs: EXIT_TIMEOUT_MS, names, ...cluster, node, scopes }),
        PgRegistryObserverModule.forRoot({ path: OBSERVER_PATH, guards: [new ObserverGuard(options)] }),
      ],
      controllers: [DocumentsController, HealthController],
      providers: [
        { provide: Database, useValue: database },
        { provide: CollaborationOptions, useValue: options },
        LimitedLog,
        CollaborationRegistry,
        DocumentStore,
        DocumentSupervisor,
        PersistenceWriter,
        SharedDoc,
        Session,
        DocumentGateway,
        DocumentList,
        NodeControl,
        AccessGuard,
      ],
    };
  }
}
