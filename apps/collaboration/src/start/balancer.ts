import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A place that connections can go to. */
export interface Backend {
  readonly host: string;
  readonly port: number;
}

/**
 * Passes each connection of a browser on to one of the nodes, in turn. It knows nothing of HTTP, so that sockets and event streams pass like any
 * request. A node that refuses a connection is passed over; one that stops is removed before it does.
 */
export class Balancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #backends: readonly Backend[] = [];
  #turn = 0;

  private constructor() {
    this.#server = createServer({ pauseOnConnect: true }, (client) =>
      this.#passOn(client, this.#backends.length),
    );
  }

  /** Listens. @param port 0: a free one. */
  static async listen(host: string, port: number): Promise<Balancer> {
    const balancer = new Balancer();
    await new Promise<void>((resolve, reject) => {
      balancer.#server.once('error', reject);
      balancer.#server.listen(port, host, resolve);
    });
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  add(backend: Backend): void {
    this.#backends = [...this.#backends, backend];
  }

  remove(backend: Backend): void {
    this.#backends = this.#backends.filter((other) => other !== backend);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** @param attempts How many nodes are asked at most. */
  #passOn(client: Socket, attempts: number): void {
    const backend = this.#backends[this.#turn % Math.max(1, this.#backends.length)];
    this.#turn += 1;
    if (backend === undefined || attempts === 0) return void client.destroy();
    this.#keep(client);
    const node = connect(backend);
    const refused = (): void => this.#passOn(client, attempts - 1);
    node.once('error', refused);
    node.once('connect', () => {
      node.off('error', refused);
      this.#keep(node);
      for (const [one, other] of [
        [client, node],
        [node, client],
      ] as const) {
        one.setNoDelay();
        one.pipe(other);
        one.once('close', () => other.destroy());
      }
    });
  }

  #keep(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    // `close` follows.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
