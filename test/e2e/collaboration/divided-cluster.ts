import { applyUpdate, Doc } from 'yjs';
import { NatsServer } from '../../support/nats-server';
import { TcpDoor } from '../../support/tcp-door';
import { CollaborationCluster } from './collaboration-cluster';
import { databaseOf, startPostgres } from './database';
import type { PostgresServer } from './postgres-server';

/** Three nodes over a network that can be cut: node-1 and node-2 are on the side of the nats-server, and node-3 reaches it through a door. */
export class DividedCluster {
  readonly cluster: CollaborationCluster;
  /** Silent, it cuts node-3 off from the others and from the store of leases. The database stays in reach of all. */
  readonly door: TcpDoor;
  /** Undefined where no PostgreSQL is installed. */
  readonly postgres: PostgresServer | undefined;
  readonly #nats: NatsServer;

  private constructor(
    cluster: CollaborationCluster,
    { postgres, nats, door }: { postgres: PostgresServer | undefined; nats: NatsServer; door: TcpDoor },
  ) {
    this.cluster = cluster;
    this.door = door;
    this.postgres = postgres;
    this.#nats = nats;
  }

  /** Starts it. Documents are saved when nobody has changed them for a tenth of a second. */
  static async start(): Promise<DividedCluster> {
    const postgres = await startPostgres();
    const nats = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' });
    const door = await TcpDoor.to(nats.url);
    const options = { nodes: 3, nats: [nats.url, nats.url, door.url], env: databaseOf(postgres) };
    const cluster = await CollaborationCluster.start({ ...options, args: ['--save-after', '100'] });
    return new DividedCluster(cluster, { postgres, nats, door });
  }

  /** The tokens of a document's rows, in the order of the rows, and the text that they add up to; undefined without PostgreSQL. */
  async stored(
    document: string,
  ): Promise<{ readonly tokens: readonly number[]; readonly text: string } | undefined> {
    const rows = await this.postgres?.query(
      `SELECT sequence, token, state AS bytes FROM document_checkpoints WHERE document = '${document}'
       UNION ALL SELECT sequence, token, changes FROM document_changes WHERE document = '${document}' ORDER BY sequence`,
    );
    if (rows === undefined) return undefined;
    const doc = new Doc();
    for (const { bytes } of rows) applyUpdate(doc, bytes as Uint8Array);
    return { tokens: rows.map(({ token }) => Number(token)), text: doc.getText('text').toJSON() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    await this.door[Symbol.asyncDispose]();
    await this.#nats[Symbol.asyncDispose]();
    await this.postgres?.[Symbol.asyncDispose]();
  }
}
