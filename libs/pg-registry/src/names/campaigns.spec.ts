import { ManualTimers } from '../calls/calls.fixture';
import { Processes } from '../lifetime';
import { type Key, PidInterner } from '../term';
import { Campaigns } from './campaigns';

describe('Campaigns', () => {
  let timers: ManualTimers;
  let processes: Processes;
  let errors: string[];
  /** One for each claim that was asked for: how it ends. */
  let asked: { key: Key; as: unknown; elect: () => unknown; lose: () => void; refuse: () => void }[];
  let campaigns: Campaigns;

  beforeEach(() => {
    timers = new ManualTimers();
    processes = new Processes({ node: 'a', incarnation: 'a'.repeat(16), pids: new PidInterner() });
    errors = [];
    asked = [];
    campaigns = new Campaigns({
      processes,
      timers,
      random: () => 1,
      onError: (kind, message) => errors.push(`${kind}: ${message}`),
    });
  });

  const attempt = (key: Key): Promise<number> =>
    new Promise((resolve, reject) => {
      let since = 0;
      asked.push({
        key,
        as: processes.self(),
        elect: () => (since = timers.now()),
        lose: () => resolve(timers.now() - since),
        refuse: () => reject(new Error('no store')),
      });
    });
  const begin = (key: Key): void =>
    campaigns.begin({ key, of: 'what it is for', attempt: async () => await attempt(key) });
  /** Lets everything that is settled go on. */
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const last = (): (typeof asked)[number] => asked.at(-1)!;

  /** Returns after how many milliseconds the next campaign begins. */
  async function pause(): Promise<number> {
    await turn();
    const before = asked.length;
    for (let ms = 1; ms <= 60_000; ms += 1) {
      timers.advance(1);
      if (asked.length > before) return ms;
    }
    throw new Error('no campaign within a minute');
  }

  it('begins one campaign for each key, as the root process, whoever asks', async () => {
    const guest = processes.spawn();
    processes.run(guest, () => {
      begin('k');
      begin('k');
      begin(['other']);
    });
    expect(asked.map(({ key }) => key)).toEqual(['k', ['other']]);
    expect([campaigns.purposeOf('k'), campaigns.purposeOf('none')]).toEqual(['what it is for', undefined]);
    asked[0].refuse();
    await pause();
    expect(asked.map(({ as }) => as)).toEqual([processes.root, processes.root, processes.root]);
  });

  it('goes on after failures with pauses that double up to ten seconds, and reports each', async () => {
    begin('k');
    const pauses: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      last().refuse();
      pauses.push(await pause());
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(errors).toHaveLength(9);
    expect(errors[0]).toBe(
      "leader: This node cannot hold 'k', so what it is for does not run here. It goes on trying. no store",
    );
  });

  it('goes on after a loss, at first soon again only if the claim had lasted', async () => {
    begin('k');
    for (const expected of [100, 200, 400]) {
      last().elect();
      await turn();
      last().lose();
      expect(await pause()).toBe(expected);
    }
    last().elect();
    await turn();
    timers.advance(10_000);
    last().lose();
    expect(await pause()).toBe(100);
    expect(errors).toEqual([]);
  });

  it('begins nothing and reports nothing once it is stopped', async () => {
    for (const key of ['waits', 'pauses', 'leads']) begin(key);
    asked[1].refuse();
    asked[2].elect();
    await turn();
    expect([errors.length, timers.pending]).toEqual([1, 1]);
    campaigns.stop();
    campaigns.stop();
    asked[0].refuse();
    asked[2].lose();
    begin('new');
    await turn();
    timers.advance(60_000);
    await turn();
    expect([asked.length, errors.length, timers.pending]).toEqual([3, 1, 0]);
  });
});
