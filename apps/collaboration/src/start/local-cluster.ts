import { join } from 'node:path';
import { localBus, localTransport } from 'nestjs-pg-registry';
import { CollaborationOptions } from '../collaboration-options';
import { Database } from '../persistence/database';
import { EmbeddedDatabase } from '../persistence/embedded-database';
import { PostgresDatabase } from '../persistence/postgres-database';
import { SAVE_OPTIONS } from '../persistence/save-schedule';
import { startNode, type RunningNode } from './node';
import type { StartOptions } from './options';

/** A running cluster, as the command line shows it. */
export interface Cluster {
  /** Where browsers find it, each with what is there. */
  readonly addresses: readonly { readonly url: string; readonly what: string }[];
  /** Where the documents are. */
  readonly storage: string;
  stop(): Promise<void>;
}

/** Returns a number that is higher with each start of the application, also than every token that came after an earlier one. */
export function newTokenBase(): number {
  return Date.now() * 1000;
}

/** Opens the database that the command line names. */
async function openDatabase({ database, directory }: StartOptions): Promise<Database> {
  return database === undefined
    ? await EmbeddedDatabase.open(join(directory, 'pglite'))
    : new PostgresDatabase(database);
}

/** Starts all nodes in this process, on one bus and one database. */
export async function startLocalCluster(options: StartOptions): Promise<Cluster> {
  const database = await openDatabase(options);
  const bus = localBus();
  // The leases of a bus are in memory.
  const tokenBase = newTokenBase();
  const nodes: RunningNode[] = [];
  for (let i = 0; i < options.nodes; i += 1) {
    const { accessToken, isDemonstration, host, saves = SAVE_OPTIONS } = options;
    const told = { accessToken, isDemonstration, saves, tokenBase };
    const node = new CollaborationOptions({ ...told, node: `node-${i + 1}` });
    const port = i === 0 ? options.port : 0;
    const cluster = { transport: localTransport({ bus }) };
    // oxlint-disable-next-line no-await-in-loop -- the first one has the port that was asked for
    nodes.push(
      await startNode({ options: node, cluster, database: new SharedDatabase(database), host, port }),
    );
  }
  return {
    addresses: nodes.map(({ name, port }) => ({ url: `http://${options.host}:${port}/`, what: name })),
    storage: database.location,
    stop: async () => {
      // oxlint-disable-next-line no-await-in-loop -- documents move to the nodes that are left
      for (const { application } of nodes) await application.close();
      await database.close();
    },
  };
}

/** A database that other nodes of the process use, too: none of them closes it. */
class SharedDatabase extends Database {
  readonly location: string;
  readonly query: Database['query'];

  constructor(database: Database) {
    super();
    this.location = database.location;
    this.query = async (sql, parameters) => await database.query(sql, parameters);
  }

  async close(): Promise<void> {
    // startLocalCluster does, after the last node.
  }
}
