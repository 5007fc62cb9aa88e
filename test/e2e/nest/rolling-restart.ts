import { via } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import type { NodeProcess } from '../../support/node-process';
import { type Departure, startDesk, Visitor } from './desks';
import { Load } from './load';

export const CALLS_PER_SECOND = 200;
export const IN_FLIGHT = 64;
/** How long a call takes, in milliseconds: so many calls are in flight at that rate. */
export const WORK_MS = (IN_FLIGHT / CALLS_PER_SECOND) * 1000;
export const NAMES = ['one', 'two', 'three'];

/** Three desks, and a visitor who calls them while each is sent SIGTERM once and started again. */
export class RollingRestart {
  readonly load: Load;
  /** From SIGTERM to the exit, of every desk. */
  readonly departuresMs: number[] = [];

  readonly #server: NatsServer;
  readonly #desks: Map<string, NodeProcess>;
  readonly #departure: Departure;

  private constructor(
    readonly visitor: Visitor,
    server: NatsServer,
    desks: Map<string, NodeProcess>,
    departure: Departure,
  ) {
    this.#server = server;
    this.#desks = desks;
    this.#departure = departure;

    const desk = via('desks', 'desk').pick('round-robin');
    this.load = new Load(CALLS_PER_SECOND, () =>
      visitor.processes.call<string>(desk, 'serve', { workMs: WORK_MS }),
    );
  }

  /** Starts a nats-server, the desks and the calls. */
  static async start(departure: Departure): Promise<RollingRestart> {
    const server = await NatsServer.start();
    const visitor = await Visitor.start(server.url);
    const desks = await Promise.all(
      NAMES.map(async (name) => [name, await startDesk(server.url, name, departure)] as const),
    );
    await eventually(() => visitor.desks().length === NAMES.length);
    return new RollingRestart(visitor, server, new Map(desks), departure);
  }

  /** Restarts one after another, each when the one before it serves again. Resolves when the last call has ended. */
  async run(): Promise<void> {
    await this.#answers();
    for (const name of NAMES) {
      await this.#restart(name);
      await eventually(() => this.visitor.desks().filter((desk) => desk === name).length === 1);
      await this.#answers();
    }
    await this.load.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.visitor.close();
    await Promise.all([...this.#desks.values()].map((desk) => desk[Symbol.asyncDispose]()));
    await this.#server[Symbol.asyncDispose]();
  }

  async #restart(name: string): Promise<void> {
    const desk = this.#desks.get(name)!;
    const from = performance.now();
    desk.kill('SIGTERM');
    await desk.exited;
    this.departuresMs.push(performance.now() - from);
    this.#desks.set(name, await startDesk(this.#server.url, name, this.#departure));
  }

  /** Resolves when calls have been answered for a while. */
  async #answers(): Promise<void> {
    const answered = this.load.answers.length;
    await eventually(() => this.load.answers.length > answered + CALLS_PER_SECOND / 2);
  }
}
