import 'reflect-metadata';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { NatsServer } from '../../support/nats-server';
import type { NodeProcess } from '../../support/node-process';
import { startDesk, Visitor } from './desks';

/** What users can rely on with default options. */
const MEETING_MS = timeLimit(1000);
const CRASH_MS = timeLimit(2000);
const GOODBYE_MS = timeLimit(100);

describe('Nest applications in several operating-system processes, with default options', () => {
  let server: NatsServer;
  let desks: NodeProcess[];
  let visitor: Visitor;

  beforeAll(async () => (server = await NatsServer.start()));
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    desks = [];
    visitor = await Visitor.start(server.url);
  });
  afterEach(async () => {
    await visitor.close();
    await Promise.all(desks.map((desk) => desk[Symbol.asyncDispose]()));
  });

  async function start(name: string): Promise<NodeProcess> {
    const desk = await startDesk(server.url, name);
    desks.push(desk);
    return desk;
  }

  test("Nest applications in several processes see each other's providers within a second and call each other", async () => {
    const [one, two] = await Promise.all(['one', 'two'].map(start));
    for (const desk of [one, two]) {
      await eventually(async () => expect(await desk.ask('desks')).toHaveLength(2), {
        timeoutMs: MEETING_MS,
      });
    }
    expect(await one.ask('callAt', 'two')).toMatch(/^two /);
    expect(await two.ask('callAt', 'one')).toMatch(/^one /);
    expect(await one.ask('pids')).toEqual(expect.arrayContaining((await two.ask('pids')) as string[]));
  });

  test('Nest applications in several processes see within two seconds that one of them was killed', async () => {
    const victim = await start('victim');
    await eventually(() => visitor.desks().includes('victim'), { timeoutMs: MEETING_MS });
    victim.kill('SIGKILL');
    const killedAt = Date.now();
    await victim.exited;
    const removal = await visitor.removalOf('victim');
    expect(removal).toMatchObject({ reason: 'crash' });
    expect(removal.at - killedAt).toBeLessThan(CRASH_MS);
    expect(visitor.desks()).toEqual([]);
  });

  test('a Nest application says goodbye on SIGTERM, and the others know as soon as it has drained', async () => {
    const delays: number[] = [];
    // Three runs, because the machine may be busy: the fastest counts.
    for (const name of ['first', 'second', 'third']) {
      const desk = await start(name);
      await eventually(() => visitor.desks().includes(name));
      desk.kill('SIGTERM');
      expect(await desk.exited).toEqual({ code: null, signal: 'SIGTERM' });
      const removal = await visitor.removalOf(name);
      expect(removal).toMatchObject({ reason: 'goodbye' });
      const drainedAt = Number(/drained at (\d+)/.exec(desk.output)?.[1]);
      delays.push(removal.at - drainedAt);
    }
    expect(Math.min(...delays)).toBeLessThan(GOODBYE_MS);
    expect(visitor.desks()).toEqual([]);
  });
});
