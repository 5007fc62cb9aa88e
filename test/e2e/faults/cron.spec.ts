import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';
import { length } from './length';

jest.setTimeout(180_000);

/** What a node wrote down: that it was elected, or that the job ran. */
interface Line {
  readonly node: string;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly elected?: number;
  /** The second that the run was for. */
  readonly tick?: number;
  readonly token?: number;
  readonly held?: boolean;
}

const SECONDS = length(60, 14);
const KILLS = length([20, 40], [5]);
/** A tick so shortly before a kill may be lost: it was not written down yet. */
const UNWRITTEN_MS = 300;
/** The file says that a node was elected this much after it was, at most. */
const UNTOLD_MS = 300;

describe('a job of each second with @OnLeader and @Cron', () => {
  let server: NatsServer;
  const processes = new Map<string, NodeProcess>();

  beforeAll(
    async () => (server = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' })),
  );
  afterAll(async () => {
    await Promise.all([...processes.values()].map((each) => each[Symbol.asyncDispose]()));
    await server[Symbol.asyncDispose]();
  });

  const file = (): string => join(server.directory, 'ticks');
  const lines = (): readonly Line[] =>
    readFileSync(file(), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  const elections = (): readonly Line[] => lines().filter(({ elected }) => elected !== undefined);
  const leader = (): string => elections().at(-1)!.node;

  test('runs once in each second on one of three nodes, but for the seconds after a kill in which nobody leads', async () => {
    for (const node of ['a', 'b', 'c'])
      processes.set(
        node,
        await NodeProcess.start('e2e/faults/cron.fixture.ts', { args: [server.url, node, file()] }),
      );
    await eventually(() => expect(elections()).toHaveLength(1));
    const others = [...processes].filter(([node]) => node !== leader());
    await Promise.all(others.map(([, each]) => eventually(async () => (await each.ask('waits')) === true)));

    const from = Date.now();
    const kills: number[] = [];
    for (const second of [...KILLS, SECONDS]) {
      await eventually(() => expect(Date.now() - from).toBeGreaterThan(second * 1000), {
        timeoutMs: SECONDS * 1000,
      });
      if (second === SECONDS) break;
      kills.push(Date.now());
      const killed = processes.get(leader())!;
      killed.kill('SIGKILL');
      await killed.exited;
      await eventually(() => expect(elections()).toHaveLength(kills.length + 1));
    }
    const until = Date.now();

    const tokens = elections().map(({ elected }) => elected!);
    expect(tokens).toEqual(tokens.toSorted((x, y) => x - y));
    const gaps = kills.map(
      (at, index) => [at - UNWRITTEN_MS, elections()[index + 1].at + UNTOLD_MS] as const,
    );
    const ticks = Array.from({ length: Math.floor(until / 1000) - Math.ceil(from / 1000) - 1 }, (_, nth) => {
      const tick = Math.ceil(from / 1000) + 1 + nth;
      const runs = lines().filter((line) => line.tick === tick);
      const valid = new Set(runs.filter(({ held }) => held).map(({ token }) => token));
      const isInGap = gaps.some(([begins, ends]) => tick * 1000 >= begins && tick * 1000 <= ends);
      return { tick, runs: runs.length, valid: valid.size, isInGap };
    });
    // Never two runs with valid tokens: a row that checks tokens would take both.
    expect(ticks.filter(({ valid }) => valid > 1)).toEqual([]);
    expect(ticks.filter(({ runs, valid, isInGap }) => !isInGap && (runs !== 1 || valid !== 1))).toEqual([]);
    const unrun = ticks.filter(({ runs }) => runs === 0);
    // Nobody led for about the time of a session after each kill: that is a tick or two.
    expect(unrun.length).toBeLessThanOrEqual(3 * kills.length);
  });
});
