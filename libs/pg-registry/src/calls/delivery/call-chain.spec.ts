import { ReentrantCallError } from '../../term';
import type { LocalProcess } from '../../lifetime/local-process';
import { expectNoLeak, FakeCluster, type FakeNode, failureOf, turn } from '../calls.fixture';
import { MOST_LINKS } from './call-chain';

/** A serial process whose handler `ask` calls the process that its payload names first, with the others as the payload. */
function asker(node: FakeNode, serial = true): LocalProcess {
  return node.serve(
    {
      ask: async (to) => {
        const [next, ...others] = to as LocalProcess['pid'][];
        await turn();
        return next === undefined ? 'done' : node.service.call(next, 'ask', others);
      },
    },
    { serial },
  );
}

describe('The chain of a call', () => {
  it('a serial process that is called back while it waits refuses the call at once, through other nodes too', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const [one, two] = [asker(a), asker(b)];
    const error = await failureOf(a.service.call(one.pid, 'ask', [two.pid, one.pid]));
    expect(error).toBeInstanceOf(ReentrantCallError);
    expect(String(error)).toContain('itself through 1 other process');
    // Nothing had to wait for a time limit, and all of them go on.
    expect(await a.service.call(one.pid, 'ask', [two.pid])).toBe('done');
    expectNoLeak(cluster);
  });

  it('a concurrent process in between passes the chain on, and may be called back itself', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const [one, between] = [asker(a), asker(b, false)];
    const error = await failureOf(a.service.call(one.pid, 'ask', [between.pid, one.pid]));
    expect(error).toBeInstanceOf(ReentrantCallError);
    expect(await a.service.call(between.pid, 'ask', [one.pid, between.pid])).toBe('done');
  });

  it('a process that starts is not called back by what its start waits for', async () => {
    const a = new FakeCluster().node('a');
    const process = a.processes.spawn();
    const other = asker(a);
    const mailbox = a.calls.mailboxes.mount(process, { serial: true });
    const start = mailbox.runStart(() => a.service.call(other.pid, 'ask', [process.pid]));
    expect(await failureOf(start)).toBeInstanceOf(ReentrantCallError);
  });

  it('a call that an earlier message left running waits for its turn like any other', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    let late!: Promise<unknown>;
    const other: LocalProcess = b.serve({
      back: async (to) => {
        await released;
        return b.service.call(to as LocalProcess['pid'], 'third');
      },
    });
    const process: LocalProcess = a.serve(
      {
        first: () => void (late = a.service.call(other.pid, 'back', process.pid)),
        second: async () => {
          release();
          await turn();
          return 2;
        },
        third: () => 3,
      },
      { serial: true },
    );
    await a.service.call(process.pid, 'first');
    expect(await a.service.call(process.pid, 'second')).toBe(2);
    expect(await late).toBe(3);
  });

  it('of a long chain the links nearest to the call travel', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const many = Array.from({ length: MOST_LINKS + 4 }, (_, i) => asker(i % 2 === 0 ? a : b).pid);
    const near = many.at(-2)!;
    const error = await failureOf(a.service.call(many[0], 'ask', [...many.slice(1), near]));
    expect(error).toBeInstanceOf(ReentrantCallError);
  });

  it('peers of version 2 get calls without it', async () => {
    const cluster = new FakeCluster(2);
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    expect(await a.service.call(asker(a).pid, 'ask', [asker(b).pid])).toBe('done');
    expect([...a.warnings, ...b.warnings]).toEqual([]);
  });

  it('a call outside of any handler carries none', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const process = asker(b);
    await a.service.call(process.pid, 'ask', []);
    const plain = cluster.frames[0].body.length;
    await a.service.call(asker(a).pid, 'ask', [process.pid]);
    const within = cluster.frames.find(({ to, body }) => to === 'b' && body !== cluster.frames[0].body)!;
    expect(within.body.length).toBeGreaterThan(plain);
  });
});
