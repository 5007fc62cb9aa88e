import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** How a {@link TcpDoor} treats a connection. */
export type DoorState =
  /** Passes it on. */
  | 'open'
  /** Accepts it, and passes nothing on: as a frozen server does, or a path that holds packets back. */
  | 'silent';

/**
 * A proxy in front of a server, through which a test decides what passes. While it is silent it holds the connections that it accepted;
 * opening it lets them in.
 */
export class TcpDoor {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #delayMs: number;
  /** Every connection that was accepted, in order. */
  readonly held: Socket[] = [];
  #state: DoorState = 'open';

  private constructor(url: string, delayMs: number) {
    const { hostname, port } = new URL(url);
    this.#target = { host: hostname, port: Number(port) };
    this.#delayMs = delayMs;
    this.#server = createServer((socket) => {
      this.held.push(socket);
      socket.on('error', () => undefined);
      if (this.#state === 'open') this.#letIn(socket);
    });
  }

  /**
   * Opens a door to a server.
   *
   * @param url The server's URL.
   * @param options.delayMs How long everything takes in each direction.
   */
  static async to(url: string, { delayMs = 0 }: { readonly delayMs?: number } = {}): Promise<TcpDoor> {
    const door = new TcpDoor(url, delayMs);
    await new Promise<void>((resolve) => door.#server.listen(0, '127.0.0.1', resolve));
    return door;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open on this side. */
  get waiting(): readonly Socket[] {
    return this.held.filter((socket) => !socket.destroyed);
  }

  /** Breaks every connection, and passes nothing on any more. */
  silence(): void {
    this.#state = 'silent';
    this.throwOut();
  }

  /** Passes everything on, also of the connections that wait. */
  open(): void {
    this.#state = 'open';
    for (const socket of this.waiting) this.#letIn(socket);
  }

  /** Breaks every connection. */
  throwOut(): void {
    for (const socket of this.held.splice(0)) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.throwOut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #letIn(socket: Socket): void {
    const inner = connect(this.#target);
    this.#pass(socket, inner);
    this.#pass(inner, socket);
  }

  #pass(from: Socket, to: Socket): void {
    if (this.#delayMs === 0) from.pipe(to);
    else from.on('data', (bytes: Buffer) => setTimeout(() => to.write(bytes), this.#delayMs));
    from.on('error', () => undefined).on('close', () => to.destroy());
  }
}
