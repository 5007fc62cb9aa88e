import { ManualTimers } from '../calls/calls.fixture';
import { Processes } from '../lifetime';
import { type Key, type LossReason, PidInterner } from '../term';
import type { Claim } from './claim';
import { LeaderCampaigns } from './leader-campaigns';

describe('LeaderCampaigns', () => {
  let timers: ManualTimers;
  let processes: Processes;
  let errors: string[];
  /** One for each claim that was asked for: how it ends. */
  let asked: { key: Key; as: unknown; elect: () => void; lose: () => void; refuse: () => void }[];
  let campaigns: LeaderCampaigns;

  beforeEach(() => {
    timers = new ManualTimers();
    processes = new Processes({ node: 'a', incarnation: 'a'.repeat(16), pids: new PidInterner() });
    errors = [];
    asked = [];
    campaigns = new LeaderCampaigns({
      processes,
      timers,
      random: () => 1,
      claim: async (key) => await claim(key),
      onError: (kind, message) => errors.push(`${kind}: ${message}`),
    });
  });

  const claim = (key: Key): Promise<Claim> =>
    new Promise((resolve, reject) => {
      let lose!: (reason: LossReason) => void;
      const lost = new Promise<LossReason>((end) => (lose = end));
      asked.push({
        key,
        as: processes.self(),
        elect: () => resolve({ lost } as Claim),
        lose: () => lose('expired'),
        refuse: () => reject(new Error('no store')),
      });
    });
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
      campaigns.begin('k');
      campaigns.begin('k');
      campaigns.begin(['other']);
    });
    expect(asked.map(({ key }) => key)).toEqual(['k', ['other']]);
    asked[0].refuse();
    await pause();
    expect(asked.map(({ as }) => as)).toEqual([processes.root, processes.root, processes.root]);
  });

  it('goes on after failures with pauses that double up to ten seconds, and reports each', async () => {
    campaigns.begin('k');
    const pauses: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      last().refuse();
      pauses.push(await pause());
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(errors).toHaveLength(9);
    expect(errors[0]).toBe(
      "leader: This node cannot lead, so methods with @OnLeader('k') do not run here. It goes on trying. no store",
    );
  });

  it('goes on after a loss, at first soon again only if the claim had lasted', async () => {
    campaigns.begin('k');
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
    for (const key of ['waits', 'pauses', 'leads']) campaigns.begin(key);
    asked[1].refuse();
    asked[2].elect();
    await turn();
    expect([errors.length, timers.pending]).toEqual([1, 1]);
    campaigns.stop();
    campaigns.stop();
    asked[0].refuse();
    asked[2].lose();
    campaigns.begin('new');
    await turn();
    timers.advance(60_000);
    await turn();
    expect([asked.length, errors.length, timers.pending]).toEqual([3, 1, 0]);
  });
});
