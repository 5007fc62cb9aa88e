import { connect } from 'nats';
import type { NatsPackage } from 'nestjs-pg-registry';
import type { LeaseStore } from '../../../libs/pg-registry/src/names/lease-store';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import type { NatsServerOptions as ClientOptions } from '../../../libs/pg-registry/src/transport/nats/nats-options';
import { NatsServer, type NatsServerOptions } from '../../support/nats-server';
import { participate, type Participant } from '../transport/participant';

/** The options of a store; those that a node derives from its own are derived here, too. */
export interface NatsLeaseStoreOptions {
  readonly namespace?: string;
  readonly bucket?: string;
  readonly replicas?: number;
  readonly client?: Partial<ClientOptions>;
}

/** A nats-server with JetStream, and lease stores on it, each with a connection of its own. */
export class NatsLeaseStores {
  readonly participants: Participant[] = [];

  private constructor(
    readonly server: NatsServer,
    readonly client: NatsPackage,
  ) {}

  /** Starts a server. `DIR` in its configuration stands for the directory of its files. */
  static async start(client: NatsPackage, options: NatsServerOptions = {}): Promise<NatsLeaseStores> {
    return new NatsLeaseStores(
      await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }', ...options }),
      client,
    );
  }

  /** Opens the store of one more node. */
  async open({
    namespace = 'ns',
    bucket = `pgr_${namespace}_names`,
    replicas,
    client = {},
  }: NatsLeaseStoreOptions = {}): Promise<LeaseStore> {
    const transport = natsTransport({
      servers: this.server.url,
      client: this.client,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      ...client,
    });
    const participant = await participate(transport, `n${this.participants.length}`);
    this.participants.push(participant);
    return participant.leaseStore!({ namespace, subject: `pgr.${namespace}.names`, bucket, replicas });
  }

  /** Sends a request of the JetStream API as an administrator, and returns the answer. */
  async administer(action: string, body: object = {}): Promise<{ readonly error?: unknown }> {
    const client = await connect({ servers: this.server.url });
    try {
      const answer = await client.request(`$JS.API.${action}`, JSON.stringify(body));
      return answer.json();
    } finally {
      await client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.participants.map((participant) => participant.close()));
    await this.server[Symbol.asyncDispose]();
  }
}
