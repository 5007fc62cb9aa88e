import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { PgRegistryModuleOptions } from 'nestjs-pg-registry';
import { CollaborationModule } from '../collaboration.module';
import type { CollaborationOptions } from '../collaboration-options';
import { DocumentSocketAdapter } from '../gateway/document-socket-adapter';
import type { Database } from '../persistence/database';
import { servePage } from '../web/page';

/** What a node needs to start. */
export interface NodeStart {
  readonly options: CollaborationOptions;
  readonly cluster: PgRegistryModuleOptions;
  readonly database: Database;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** A node that serves browsers. */
export interface RunningNode {
  readonly name: string;
  readonly port: number;
  readonly application: NestExpressApplication;
}

/** Starts a node, and resolves when it serves browsers. */
export async function startNode({ options, cluster, database, host, port }: NodeStart): Promise<RunningNode> {
  const application = await NestFactory.create<NestExpressApplication>(
    CollaborationModule.on({ cluster, database, options }),
    // Browsers keep connections open; the node must not wait for them.
    { logger: ['error', 'warn'], forceCloseConnections: true, abortOnError: false },
  );
  application.useWebSocketAdapter(new DocumentSocketAdapter(application));
  application.disable('x-powered-by');
  servePage(application);
  await application.listen(port, host);
  const { port: actual } = application.getHttpServer().address() as AddressInfo;
  return { name: options.node, port: actual, application };
}
