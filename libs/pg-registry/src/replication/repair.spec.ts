import { Writer } from '../wire/codec';
import { writeRepairAsk } from './body';
import { loseBroadcasts, meshOf, two } from './test-mesh.fixture';

describe('a lost frame', () => {
  it('is repaired from the ring when the next one shows the gap, and what came ahead is applied after it', () => {
    const { mesh, a, b } = two();
    const found = loseBroadcasts(mesh, a);
    a.join('k', 1);
    mesh.advance(2);
    found();
    a.join('k', 2);
    mesh.advance(40);
    expect(b.events()).toEqual(['peer join k 1', 'peer join k 2']);
    expect(b.counts['repair-asks']).toBe(1);
    expect(b.counts['walks']).toBeUndefined();
  });

  it('is noticed within 50 ms by the tail probe when it was the last one', () => {
    const { mesh, a, b } = two();
    const found = loseBroadcasts(mesh, a);
    a.join('k', 1);
    mesh.advance(2);
    found();
    mesh.advance(48);
    expect(b.events()).toEqual(['peer join k 1']);
  });

  it('that three peers ask for is broadcast once', () => {
    const mesh = meshOf(['a', 'b', 'c', 'd', 'e', 'f']);
    const [a, ...others] = mesh.nodes;
    const found = loseBroadcasts(mesh, a);
    a.join('k', 1);
    mesh.advance(2);
    found();
    mesh.advance(100);
    for (const other of others) expect(other.events()).toEqual(['peer join k 1']);
    expect(a.counts['repairs-broadcast']).toBe(1);
    expect(a.counts['repairs']).toBe(2);
  });

  it('that is older than the ring leads to a sync with exact events: join, leave and update', () => {
    const { mesh, a, b } = two({ ringBytes: 2000 });
    a.join('gone', 1);
    a.join('kept', 1);
    a.join('changed', 1);
    mesh.advance(10);
    b.events();
    const found = loseBroadcasts(mesh, a);
    a.leave('gone');
    a.update('changed', 2);
    a.join('new', 1);
    for (let i = 0; i < 50; i += 1) {
      a.join('passing', 'x'.repeat(100));
      a.leave('passing');
      mesh.advance(10);
    }
    found();
    mesh.announceAll();
    mesh.advance(100);
    expect(b.events()).toEqual(['sync leave gone 1', 'sync join new 1', 'sync update changed 2']);
    expect(mesh.difference()?.slice(0, 100)).toBeUndefined();
  });

  it('is given up after some asks in vain, and replaced by a sync', () => {
    const { mesh, a, b } = two();
    mesh.filter = (from, _to, kind) => from !== a || (kind !== 'ops' && kind !== 'repair');
    a.join('k', 1);
    mesh.advance(10);
    a.announceTo(b);
    mesh.advance(10_000);
    expect(b.counts['resyncs-unanswered']).toBe(1);
    expect(b.events()).toEqual(['sync join k 1']);
  });
});

describe('many lost frames', () => {
  /** Nodes `a` and `b`, of which `b` has missed `count` frames of `a`, each with a text of `length`; and the frames of the repair. */
  function missing(count: number, length: number) {
    const { mesh, a, b } = two();
    loseBroadcasts(mesh, a);
    for (let i = 0; i < count; i += 1) {
      a.join('k', String(i).padEnd(length, 'x'));
      mesh.advance(6);
    }
    const answers: number[] = [];
    mesh.filter = (from, _to, kind, body) => {
      if (from === a && kind === 'repair') answers.push(body.length);
      return true;
    };
    return { mesh, a, b, answers };
  }

  it('are asked for once, and come once, in few frames, as one diff', () => {
    const { mesh, a, b, answers } = missing(1500, 4);
    a.announceTo(b);
    mesh.advance(25);
    expect(mesh.difference()?.slice(0, 100)).toBeUndefined();
    expect(answers).toHaveLength(1);
    expect(b.diffs).toHaveLength(1);
    mesh.advance(5000);
    expect(b.counts['repair-asks']).toBe(1);
    expect(b.counts['known-operations']).toBeUndefined();
  });

  it('are asked for again as soon as an answer has ended, and not before, however slowly it comes', () => {
    const { mesh, a, b } = missing(1000, 1000);
    let busyUntil = mesh.now;
    mesh.filter = (from, to, kind, body) => {
      if (from !== a || kind !== 'repair') return true;
      busyUntil = Math.max(mesh.now, busyUntil) + 20; // the link takes so long for 64 KB
      mesh.later(busyUntil - mesh.now, () => to.receive(from, kind, body));
      return false;
    };
    a.announceTo(b);
    mesh.advance(20 + 19 * 20);
    expect(mesh.difference()?.slice(0, 100)).toBeUndefined();
    expect(b.counts['repair-asks']).toBe(4);
    expect(b.counts['known-operations']).toBeUndefined();
  });

  it('of which the repair loses some are asked for again where they are missing, without a pause', () => {
    const { mesh, a, b, answers } = missing(200, 1000);
    const { filter } = mesh;
    mesh.filter = (from, to, kind, body) => {
      const before = answers.length;
      return filter(from, to, kind, body) && !(before === 1 && answers.length === 2);
    };
    a.announceTo(b);
    mesh.advance(60);
    expect(mesh.difference()?.slice(0, 100)).toBeUndefined();
    expect(b.counts['repair-asks']).toBe(2);
    expect(b.counts['known-operations']).toBeUndefined();
  });

  it('are sent once to an asker whose asks came late, and all at the same time', () => {
    const { mesh, a, b, answers } = missing(10, 10);
    const ask = writeRepairAsk(new Writer(), a.run, { from: 1, to: 10 });
    for (let time = 0; time < 3; time += 1) a.receive(b, 'repair', ask);
    expect(answers).toHaveLength(1);
    mesh.advance(50);
    a.receive(b, 'repair', ask);
    expect(answers).toHaveLength(2);
  });

  it('of which three peers miss the same are broadcast in few frames', () => {
    const mesh = meshOf(['a', 'b', 'c', 'd', 'e']);
    const [a, ...others] = mesh.nodes;
    loseBroadcasts(mesh, a);
    for (let i = 0; i < 300; i += 1) {
      a.join('k', i);
      mesh.advance(6);
    }
    let frames = 0;
    mesh.filter = (from) => from !== a || (frames += 1) > 0;
    for (const other of others) a.announceTo(other);
    mesh.advance(40);
    expect(mesh.difference()?.slice(0, 100)).toBeUndefined();
    expect(a.counts['repairs-broadcast']).toBe(300);
    expect(frames).toBeLessThan(20);
  });

  it('are not asked for again by a node that stood still before it has read what came meanwhile', () => {
    const { mesh, a, b } = missing(10, 10);
    const late: (() => void)[] = [];
    mesh.filter = (from, to, kind, body) => {
      if (from === a) late.push(() => to.receive(from, kind, body));
      return from !== a;
    };
    a.announceTo(b);
    mesh.advance(90);
    mesh.now += 500; // neither timers nor sockets
    b.tick();
    for (const receive of late) receive();
    expect(mesh.difference()).toBeUndefined();
    expect(b.counts['repair-asks']).toBe(1);
  });

  it('are repaired when the connection takes more again, if it was full when they were asked for', () => {
    const { mesh, a, b, answers } = missing(10, 10);
    a.budget.published(2 ** 20);
    a.receive(b, 'repair', writeRepairAsk(new Writer(), a.run, { from: 1, to: 10 }));
    expect(answers).toHaveLength(0);
    mesh.advance(3);
    expect(answers).toHaveLength(1);
    expect(mesh.difference()?.slice(0, 100)).toBeUndefined();
  });

  it('are repaired within the size of a frame, however small that is', () => {
    const { mesh, a, b } = two({ maxBodyBytes: 300 });
    const found = loseBroadcasts(mesh, a);
    for (const length of [10, 20, 100, 250, 5000, 30, 260]) {
      a.join('k', 'x'.repeat(length));
      mesh.advance(6);
    }
    found();
    const sizes: number[] = [];
    mesh.filter = (from, _to, _kind, body) => from !== a || sizes.push(body.length) > 0;
    a.announceTo(b);
    mesh.advance(100);
    expect(mesh.difference()?.slice(0, 100)).toBeUndefined();
    expect(b.counts['walks']).toBeUndefined();
    expect(Math.max(...sizes)).toBeLessThanOrEqual(300);
  });
});
