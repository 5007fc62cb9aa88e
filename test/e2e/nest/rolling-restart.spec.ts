import 'reflect-metadata';
import { via } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import type { NodeProcess } from '../../support/node-process';
import { startDesk, Visitor } from './desks';

jest.setTimeout(60_000);

const CALLS_PER_SECOND = 200;
const IN_FLIGHT = 64;
/** So long does a call take that this many are in flight at that rate. */
const WORK_MS = (IN_FLIGHT / CALLS_PER_SECOND) * 1000;
const NAMES = ['one', 'two', 'three'];

/** Calls at a steady rate, whatever becomes of them. */
class Load {
  readonly answers: string[] = [];
  readonly failures: unknown[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  mostInFlight = 0;

  constructor(call: () => Promise<string>) {
    this.#timer = setInterval(() => {
      const pending = call()
        .then(
          (answer) => void this.answers.push(answer),
          (error: unknown) => void this.failures.push(error),
        )
        .finally(() => this.#pending.delete(pending));
      this.#pending.add(pending);
      this.mostInFlight = Math.max(this.mostInFlight, this.#pending.size);
    }, 1000 / CALLS_PER_SECOND);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }
}

describe('a rolling restart of three nodes under load', () => {
  let server: NatsServer;
  let visitor: Visitor;
  let desks: Map<string, NodeProcess>;

  beforeAll(async () => {
    server = await NatsServer.start();
    visitor = await Visitor.start(server.url);
    desks = new Map();
    await Promise.all(NAMES.map(start));
    await eventually(() => visitor.desks().length === NAMES.length);
  });
  afterAll(async () => {
    await visitor.close();
    await Promise.all([...desks.values()].map((desk) => desk[Symbol.asyncDispose]()));
    await server[Symbol.asyncDispose]();
  });

  async function start(name: string): Promise<void> {
    desks.set(name, await startDesk(server.url, name));
  }

  test('fails not one of the calls', async () => {
    const desk = via('desks', 'desk').pick('round-robin');
    const load = new Load(() => visitor.processes.call<string>(desk, 'serve', { workMs: WORK_MS }));
    await eventually(() => load.answers.length > CALLS_PER_SECOND / 2);
    for (const name of NAMES) {
      desks.get(name)!.kill('SIGTERM');
      await desks.get(name)!.exited;
      await start(name);
      await eventually(() => visitor.desks().includes(name));
      const answered = load.answers.length;
      await eventually(() => load.answers.length > answered + CALLS_PER_SECOND / 2);
    }
    await load.stop();

    expect(load.failures).toEqual([]);
    expect(load.answers.length).toBeGreaterThan(3 * CALLS_PER_SECOND);
    expect(load.mostInFlight).toBeGreaterThanOrEqual(IN_FLIGHT / 2);
    // Each name has answered in two incarnations: calls went on through all restarts.
    expect([...new Set(load.answers)].map((answer) => answer.split(' ')[0]).toSorted()).toEqual(
      [...NAMES, ...NAMES].toSorted(),
    );
    expect(visitor.removals().map(({ reason }) => reason)).toEqual(NAMES.map(() => 'goodbye'));
  });
});
