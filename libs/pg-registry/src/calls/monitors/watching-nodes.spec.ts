import { FakeCluster, type FakeNode, turn } from '../calls.fixture';

describe('the reasons of ends that a watching node does not acknowledge', () => {
  const PROCESSES = 100;
  const reasonOf = (at: number): string => `${at} `.padEnd(50_000, 'x');
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;
  let told: unknown[];
  beforeEach(() => {
    cluster = new FakeCluster();
    [a, b] = [cluster.node('a'), cluster.node('b')];
    told = [];
  });

  /** Ends processes of b that a watches, one a turn. */
  async function end(count: number, reason: (at: number) => string): Promise<void> {
    const processes = Array.from({ length: count }, () => b.processes.spawn());
    for (const { pid } of processes) a.service.monitor(pid).subscribe((down) => told.push(down.reason));
    await turn();
    for (const [at, process] of processes.entries()) {
      process.exit(reason(at));
      // oxlint-disable-next-line no-await-in-loop
      await turn();
    }
  }

  /** The bytes that b sends while time passes. */
  async function bytesIn(ms: number): Promise<number> {
    const before = cluster.frames.length;
    cluster.timers.advance(ms);
    await turn();
    return cluster.frames
      .slice(before)
      .filter(({ from }) => from === 'b')
      .reduce((sum, { body }) => sum + body.length, 0);
  }

  it('are sent in full once, and only few bytes of them again', async () => {
    cluster.lose = ({ from, kind }) => from === 'a' && kind === 'watch' && told.length > 0;
    await end(PROCESSES, reasonOf);
    expect(told).toEqual(Array.from({ length: PROCESSES }, (_, at) => reasonOf(at)));
    expect(await bytesIn(60_000)).toBeLessThan(15 * 100_000);
    // Everything is acknowledged in the end.
    cluster.lose = () => false;
    await bytesIn(10_000);
    expect(b.calls.stats().unacknowledged).toBe(0);
    expect(await bytesIn(60_000)).toBe(0);
  });

  it('are told in full although the first frame was lost, as long as they are short or few', async () => {
    cluster.lose = ({ from, kind }) => from === 'b' && kind === 'down';
    await end(PROCESSES, (at) => (at === 0 ? reasonOf(0) : `reason ${at}`));
    expect(told).toEqual([]);
    cluster.lose = () => false;
    await bytesIn(10_000);
    expect(new Set(told)).toEqual(
      new Set(Array.from({ length: PROCESSES }, (_, at) => (at === 0 ? reasonOf(0) : `reason ${at}`))),
    );
  });

  it('are told as killed if the first frame was lost and too many bytes of others wait', async () => {
    cluster.lose = ({ from, kind }) => from === 'b' && kind === 'down';
    await end(3, reasonOf);
    cluster.lose = () => false;
    await bytesIn(10_000);
    expect(told.filter((reason) => reason === 'killed')).toHaveLength(2);
    expect(told).toContain(reasonOf(0));
    // What was acknowledged has made room.
    cluster.lose = ({ from, kind }) => from === 'b' && kind === 'down';
    told = [];
    await end(1, () => reasonOf(7));
    cluster.lose = () => false;
    await bytesIn(10_000);
    expect(told).toEqual([reasonOf(7)]);
  });
});
