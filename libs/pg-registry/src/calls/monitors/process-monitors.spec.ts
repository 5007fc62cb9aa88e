import type { LocalProcess } from '../../lifetime/local-process';
import { FakeCluster, type FakeNode, turn } from '../calls.fixture';
import type { ProcessDown } from './process-monitors';

/** What a monitor tells: reasons, then how it ended. */
function follow(node: FakeNode, { pid }: LocalProcess): unknown[] {
  const told: unknown[] = [];
  node.service.monitor(pid).subscribe({
    next: ({ reason }: ProcessDown) => told.push(reason),
    complete: () => told.push('complete'),
  });
  return told;
}

const identity = ({ name: node, incarnation }: FakeNode) => ({ node, incarnation });

describe.each(['this node', 'another node'])('a monitor of a process of %s', (where) => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let owner: FakeNode;

  beforeEach(() => {
    cluster = new FakeCluster();
    a = cluster.node('a');
    owner = where === 'this node' ? a : cluster.node('b');
  });

  it('a monitor emits the reason of the end once, and completes', async () => {
    const process = owner.processes.spawn();
    const told = [follow(a, process), follow(a, process)];
    await turn();
    expect(told).toEqual([[], []]);
    process.exit({ code: 7 });
    await turn();
    expect(told).toEqual([
      [{ code: 7 }, 'complete'],
      [{ code: 7 }, 'complete'],
    ]);
    expect([a.calls.stats().monitors, cluster.timers.pending]).toEqual([0, 0]);
  });

  it('a monitor emits noproc if the process had ended before', async () => {
    const process = owner.processes.spawn();
    process.exit();
    const told = follow(a, process);
    await turn();
    expect(told).toEqual(['noproc', 'complete']);
    expect(cluster.timers.pending).toBe(0);
  });

  it('a monitor emits the name, message and code of an error as the reason', async () => {
    const process = owner.processes.spawn();
    const told = follow(a, process);
    await turn();
    process.exit(Object.assign(new RangeError('too far'), { code: 'EFAR' }));
    await turn();
    expect(told).toEqual([{ name: 'RangeError', message: 'too far', code: 'EFAR' }, 'complete']);
  });

  it('a node watches a process only while there are subscriptions', async () => {
    const process = owner.processes.spawn();
    const monitor = a.service.monitor(process.pid);
    expect(cluster.frames).toEqual([]);
    const told: unknown[] = [];
    const subscriptions = [
      monitor.subscribe((down) => told.push(down)),
      monitor.subscribe((down) => told.push(down)),
    ];
    await turn();
    for (const subscription of subscriptions) subscription.unsubscribe();
    await turn();
    const frames = cluster.frames.length;
    process.exit();
    await turn();
    expect([told, cluster.frames.length]).toEqual([[], frames]);
  });

  it('a monitor emits as the process that subscribed, and completes when that process ends', async () => {
    const [watched, watching] = [owner.processes.spawn(), a.processes.spawn()];
    const seen: string[] = [];
    const subscribe = (): void =>
      void a.service.monitor(watched.pid).subscribe(() => seen.push(String(a.service.self())));
    a.processes.run(watching, subscribe);
    subscribe();
    const later = a.processes.spawn();
    const told = a.processes.run(later, () => follow(a, watched));
    await turn();
    later.exit();
    expect(told).toEqual(['complete']);
    watched.exit();
    await turn();
    expect(seen.toSorted()).toEqual([String(a.processes.root.pid), String(watching.pid)].toSorted());
  });

  it('a monitor that is subscribed while another one emits gets noproc', async () => {
    const process = owner.processes.spawn();
    let second: unknown[] = [];
    a.service.monitor(process.pid).subscribe(() => (second = follow(a, process)));
    await turn();
    process.exit('gone');
    await turn();
    expect(second).toEqual(['noproc', 'complete']);
  });
});

describe('a monitor of a process of another node', () => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;
  let process: LocalProcess;

  beforeEach(() => {
    cluster = new FakeCluster();
    [a, b] = [cluster.node('a'), cluster.node('b')];
    process = b.processes.spawn();
  });

  /** Loses the first frame of a kind. */
  function loseFirst(kind: string): void {
    let lost = false;
    cluster.lose = (frame) => {
      if (lost || frame.kind !== kind) return false;
      lost = true;
      return true;
    };
  }

  async function advance(ms: number): Promise<void> {
    cluster.timers.advance(ms);
    await turn();
  }

  it('a monitor emits noconnection when the node is lost, and at once if it is not a peer', async () => {
    const told = follow(a, process);
    await turn();
    b.crash();
    a.calls.peerRemoved(identity(b));
    expect(told).toEqual(['noconnection', 'complete']);
    expect(follow(a, process)).toEqual(['noconnection', 'complete']);
    expect(cluster.timers.pending).toBe(0);
  });

  it('a monitor emits the end even if the watch frame is lost', async () => {
    loseFirst('watch');
    const told = follow(a, process);
    await advance(250);
    process.exit('gone');
    await turn();
    expect(told).toEqual(['gone', 'complete']);
    expect(cluster.timers.pending).toBe(0);
  });

  it('a monitor emits the end once even if the down frame or its acknowledgement is lost', async () => {
    const told = follow(a, process);
    await turn();
    loseFirst('down');
    process.exit('gone');
    await turn();
    expect(told).toEqual([]);
    loseFirst('watch');
    await advance(250);
    expect(told).toEqual(['gone', 'complete']);
    await advance(500);
    expect([told.length, cluster.timers.pending]).toEqual([2, 0]);
  });

  it('a node asserts watches again after a handshake, and its monitors emit a reason that could not be sent before', async () => {
    const told = follow(a, process);
    await turn();
    cluster.lose = () => true;
    process.exit('gone');
    await advance(1000);
    cluster.lose = () => false;
    a.calls.peerUp(identity(b));
    await advance(5000);
    expect(told).toEqual(['gone', 'complete']);
    expect(cluster.timers.pending).toBe(0);
  });

  it('a node asserts watches again when the other node had lost it and it comes back', async () => {
    const told = follow(a, process);
    await turn();
    b.calls.peerRemoved(identity(a));
    loseFirst('down');
    b.calls.peerUp(identity(a));
    await advance(250);
    process.exit('gone');
    await turn();
    expect(told).toEqual(['gone', 'complete']);
    expect(cluster.timers.pending).toBe(0);
  });

  it('a monitor emits noconnection when a newer incarnation of the node answers', async () => {
    cluster.availabilities.set('b', 'ready');
    cluster.node('b');
    const told = follow(a, process);
    await turn();
    expect(told).toEqual(['noconnection', 'complete']);
  });

  it('a monitor completes without a value when its own node stops', async () => {
    const told = follow(a, process);
    await turn();
    a.calls.close();
    expect(told).toEqual(['complete']);
    expect(cluster.timers.pending).toBe(0);
  });

  it('the other node forgets a watch once there are no subscriptions', async () => {
    const subscription = a.service.monitor(process.pid).subscribe();
    await turn();
    loseFirst('watch');
    subscription.unsubscribe();
    await turn();
    process.exit('gone');
    await turn();
    expect(b.calls.stats().unacknowledged).toBe(0);
  });
});
