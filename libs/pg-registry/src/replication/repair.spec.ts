import { Writer } from '../wire/codec';
import { writeRepairAsk } from './body';
import {
  difference,
  isStream,
  loseBroadcasts,
  streamBody,
  synced,
  takeEvents,
  two,
} from './synced-nodes.fixture';

describe('a lost frame', () => {
  it('a lost frame is repaired from the ring when the next frame shows the gap, and frames ahead of the gap are applied after it', () => {
    const { network, a, b } = two();
    const found = loseBroadcasts(network, a);
    a.join('s', 'k', 1);
    network.run(2);
    found();
    a.join('s', 'k', 2);
    network.run(40);
    expect(takeEvents(b)).toEqual(['peer join k 1', 'peer join k 2']);
    expect(b.counts['repair-asks']).toBe(1);
    expect(b.counts['walks']).toBeUndefined();
  });

  it('a lost last frame is noticed within 50 ms by the tail probe', () => {
    const { network, a, b } = two();
    const found = loseBroadcasts(network, a);
    a.join('s', 'k', 1);
    network.run(2);
    found();
    network.run(48);
    expect(takeEvents(b)).toEqual(['peer join k 1']);
  });

  it('a repair that three peers ask for is broadcast once', () => {
    const { network, nodes } = synced(['a', 'b', 'c', 'd', 'e', 'f']);
    const [a, ...others] = nodes;
    const found = loseBroadcasts(network, a);
    a.join('s', 'k', 1);
    network.run(2);
    found();
    network.run(100);
    for (const other of others) expect(takeEvents(other)).toEqual(['peer join k 1']);
    expect(a.counts['repairs-broadcast']).toBe(1);
    expect(a.counts['repairs']).toBe(2);
  });

  it('a lost frame that is older than the ring leads to a sync with exact events: join, leave and update', () => {
    const { network, a, b } = two({ ringBytes: 2000 });
    a.join('s', 'gone', 1);
    a.join('s', 'kept', 1);
    a.join('s', 'changed', 1);
    network.run(10);
    takeEvents(b);
    const found = loseBroadcasts(network, a);
    a.leave('s', 'gone');
    a.update('s', 'changed', 2);
    a.join('s', 'new', 1);
    for (let i = 0; i < 50; i += 1) {
      a.join('s', 'passing', 'x'.repeat(100));
      a.leave('s', 'passing');
      network.run(10);
    }
    found();
    network.discoverAll();
    network.run(100);
    expect(takeEvents(b)).toEqual(['sync leave gone 1', 'sync join new 1', 'sync update changed 2']);
    expect(difference(network)).toBeUndefined();
  });

  it('a repair that stays unanswered is replaced by a sync', () => {
    const { network, a, b } = two();
    network.loses = ({ from, kind }) => from === 'a' && (kind === 'ops' || kind === 'repair');
    a.join('s', 'k', 1);
    network.run(10);
    network.discover(b, a);
    network.run(10_000);
    expect(b.counts['resyncs-unanswered']).toBe(1);
    expect(takeEvents(b)).toEqual(['sync join k 1']);
  });
});

describe('many lost frames', () => {
  /** Nodes `a` and `b`, of which `b` has missed `count` frames of `a`, each with a text of `length`; and the frames of the repair. */
  function missing(count: number, length: number) {
    const { network, a, b } = two();
    loseBroadcasts(network, a);
    for (let i = 0; i < count; i += 1) {
      a.join('s', 'k', String(i).padEnd(length, 'x'));
      network.run(6);
    }
    const answers: number[] = [];
    network.loses = ({ from, kind, bytes }) => {
      if (from === 'a' && kind === 'repair') answers.push(streamBody(bytes).length);
      return false;
    };
    return { network, a, b, answers };
  }

  it('many lost frames are asked for once, and arrive once, in few frames, as one diff', () => {
    const { network, a, b, answers } = missing(1500, 4);
    network.discover(b, a);
    network.run(25);
    expect(difference(network)).toBeUndefined();
    expect(answers).toHaveLength(1);
    expect(b.diffs).toHaveLength(1);
    network.run(5000);
    expect(b.counts['repair-asks']).toBe(1);
    expect(b.counts['known-operations']).toBeUndefined();
  });

  it('lost frames are asked for again as soon as an answer has ended, and not before, however slowly it comes', () => {
    const { network, a, b } = missing(1000, 1000);
    let busyUntil = network.now;
    network.loses = ({ from, kind, subject, bytes }) => {
      if (from !== 'a' || kind !== 'repair') return false;
      busyUntil = Math.max(network.now, busyUntil) + 20; // the link takes so long for 64 KB
      network.at(busyUntil - network.now, () => network.inject(b, subject, bytes));
      return true;
    };
    network.discover(b, a);
    network.run(4 + 20 + 19 * 20);
    expect(difference(network)).toBeUndefined();
    expect(b.counts['repair-asks']).toBe(4);
    expect(b.counts['known-operations']).toBeUndefined();
  });

  it('frames that a repair loses are asked for again without a pause', () => {
    const { network, a, b, answers } = missing(200, 1000);
    const { loses } = network;
    network.loses = (message) => {
      const before = answers.length;
      return loses(message) || (before === 1 && answers.length === 2);
    };
    network.discover(b, a);
    network.run(60);
    expect(difference(network)).toBeUndefined();
    expect(b.counts['repair-asks']).toBe(2);
    expect(b.counts['known-operations']).toBeUndefined();
  });

  it('a repair is sent once to a peer whose asks arrive late and all at the same time', () => {
    const { network, a, b, answers } = missing(10, 10);
    const ask = writeRepairAsk(new Writer(), a.protocol.stream('s').run, { from: 1, to: 10 });
    for (let time = 0; time < 3; time += 1) network.injectStream(b, a, 'repair', ask);
    network.run(0.2);
    expect(answers).toHaveLength(1);
    network.run(50);
    network.injectStream(b, a, 'repair', ask);
    network.run(0.2);
    expect(answers).toHaveLength(2);
  });

  it('frames that three peers miss are broadcast in few frames', () => {
    const { network, nodes } = synced(['a', 'b', 'c', 'd', 'e']);
    const [a, ...others] = nodes;
    loseBroadcasts(network, a);
    for (let i = 0; i < 300; i += 1) {
      a.join('s', 'k', i);
      network.run(6);
    }
    let frames = 0;
    network.loses = (message) => {
      if (message.from === 'a' && isStream(message)) frames += 1;
      return false;
    };
    for (const other of others) network.discover(other, a);
    network.run(40);
    expect(difference(network)).toBeUndefined();
    expect(a.counts['repairs-broadcast']).toBe(300);
    expect(frames).toBeLessThan(20);
  });

  it('a node that stood still reads what arrived meanwhile before it asks for lost frames again', () => {
    const { network, a, b } = missing(10, 10);
    const late: (() => void)[] = [];
    network.loses = (message) => {
      const isLate = message.from === 'a' && isStream(message);
      if (isLate) late.push(() => network.inject(b, message.subject, message.bytes));
      return isLate;
    };
    network.discover(b, a);
    network.run(90);
    network.freeze(b);
    network.run(500);
    network.thaw(b);
    for (const receive of late) receive();
    expect(difference(network)).toBeUndefined();
    expect(b.counts['repair-asks']).toBe(1);
  });

  it('a repair waits until the connection takes more if it is full', () => {
    const { network, a, b, answers } = missing(10, 10);
    network.flushMs = 3;
    a.join('s', 'large', 'x'.repeat(300_000));
    const ask = writeRepairAsk(new Writer(), a.protocol.stream('s').run, { from: 1, to: 10 });
    network.injectStream(b, a, 'repair', ask);
    network.run(2);
    expect(answers).toHaveLength(0);
    network.run(3);
    expect(answers).toHaveLength(1);
    network.run(100);
    expect(difference(network)).toBeUndefined();
  });

  it('a repair keeps to the size of a frame, however small that is', () => {
    const { network, a, b } = two({ maxBodyBytes: 3584 });
    const found = loseBroadcasts(network, a);
    for (const length of [10, 200, 1000, 3000, 50_000, 300, 3100]) {
      a.join('s', 'k', 'x'.repeat(length));
      network.run(6);
    }
    found();
    const sizes: number[] = [];
    network.loses = (message) => {
      if (message.from === 'a' && isStream(message)) sizes.push(streamBody(message.bytes).length);
      return false;
    };
    network.discover(b, a);
    network.run(100);
    expect(difference(network)).toBeUndefined();
    expect(b.counts['walks']).toBeUndefined();
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3584);
  });
});
