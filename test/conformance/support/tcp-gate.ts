import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * A proxy in front of a TCP server: it passes connections to its port on, until it is shut. Nodes that each go
 * through a gate of their own can be cut off one by one, with a real broker between them.
 */
export class TcpGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #open = true;

  private constructor(targetPort: number) {
    this.#server = createServer((near) => this.#pass(near, targetPort));
  }

  /** Opens a gate to a port of this machine. */
  static async to(targetPort: number): Promise<TcpGate> {
    const gate = new TcpGate(targetPort);
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection, and refuses new ones until {@link reopen}. */
  shut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  reopen(): void {
    this.#open = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(near: Socket, targetPort: number): void {
    if (!this.#open) {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
    near.setNoDelay();
    this.#join(near, far);
    this.#join(far, near);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
