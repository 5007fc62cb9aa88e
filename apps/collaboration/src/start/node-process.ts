/** One node in an operating-system process of its own, and how its parent speaks to it. */
import { natsTransport } from 'nestjs-pg-registry';
import { CollaborationOptions } from '../collaboration-options';
import { PostgresDatabase } from '../persistence/postgres-database';
import type { SaveOptions } from '../persistence/save-schedule';
import { startNode } from './node';

/** The environment variable with a {@link NodeProcessOptions} as JSON. It makes the program one node. */
export const NODE_PROCESS = 'COLLABORATION_NODE';

/** What a node's process is told. */
export interface NodeProcessOptions {
  readonly node: string;
  readonly nats: string;
  readonly database: string;
  readonly host: string;
  readonly accessToken: string | undefined;
  readonly isDemonstration: boolean;
  readonly saves: SaveOptions | undefined;
  readonly tokenBase: number;
}

/** What a node's process tells its parent. */
export type NodeProcessNews =
  /** It serves browsers on this port. */
  | { readonly type: 'ready'; readonly port: number }
  /** It is about to stop, and takes no new browsers. */
  | { readonly type: 'stopping' };

/** Runs one node until the process gets a signal to end, or its parent is gone. */
export async function runNodeProcess(given: NodeProcessOptions): Promise<void> {
  const { nats, database, host, ...rest } = given;
  const options = new CollaborationOptions({
    node: rest.node,
    accessToken: rest.accessToken,
    isDemonstration: rest.isDemonstration,
    tokenBase: rest.tokenBase,
    ...(rest.saves === undefined ? {} : { saves: rest.saves }),
    killNode: () => process.kill(process.pid, 'SIGKILL'),
  });
  const { application, port } = await startNode({
    options,
    cluster: { transport: natsTransport({ servers: nats }) },
    database: new PostgresDatabase(database),
    host,
    port: 0,
  });
  const stop = async (): Promise<void> => {
    tell({ type: 'stopping' });
    await application.close();
    process.exit();
  };
  process.once('SIGTERM', () => void stop());
  // Ctrl+C reaches all processes of the terminal; the parent stops them in order.
  process.on('SIGINT', () => undefined);
  process.once('disconnect', () => process.exit(1));
  tell({ type: 'ready', port });
}

function tell(news: NodeProcessNews): void {
  if (process.connected) process.send!(news);
}
