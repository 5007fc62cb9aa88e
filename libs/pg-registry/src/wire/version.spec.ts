import { decodeFrame } from './frame';
import { commonVersion, formatVersions, spokenByAll } from './version';
import { VirtualNetwork } from '../protocol/virtual-network.fixture';

/** Versions of the frames that a node says to everybody. */
function spying(network: VirtualNetwork): Map<string, number> {
  const said = new Map<string, number>();
  network.onPublish = ({ from, subject, bytes }) => {
    if (subject.includes('.from.')) said.set(from.name, decodeFrame(bytes).version);
  };
  return said;
}

describe('a version', () => {
  it('the version of a pair is the highest that both speak', () => {
    expect(commonVersion({ min: 1, max: 3 }, { min: 2, max: 5 })).toBe(3);
    expect(commonVersion({ min: 1, max: 1 }, { min: 2, max: 2 })).toBeUndefined();
  });

  it('the version of broadcasts is the highest that every node speaks', () => {
    const own = { min: 1, max: 3 };
    const peers = (...ranges: (readonly [number, number])[]) =>
      ranges.map(([min, max]) => ({ versions: { min, max } }));
    expect(spokenByAll(own, peers([1, 2], [2, 3]))).toEqual({ min: 2, max: 2 });
    expect(spokenByAll(own, [])).toEqual(own);
    expect(spokenByAll({ min: 1, max: 2 }, peers([1, 1], [2, 3]))).toEqual({ min: 2, max: 1 });
  });

  it('a version range is written as one number if it has one version', () => {
    expect([formatVersions({ min: 1, max: 1 }), formatVersions({ min: 1, max: 2 })]).toEqual(['1', '1–2']);
  });
});

describe('two protocol versions in one cluster', () => {
  it('nodes of two protocol versions share all entries: broadcasts use the lower version while such a peer is there, and pairs keep their own', () => {
    const network = new VirtualNetwork();
    const said = spying(network);
    const both = { min: 1, max: 2 };
    const [a, b] = [
      network.start({ name: 'a', versions: both }),
      network.start({ name: 'b', versions: both }),
    ];
    for (const node of [a, b]) node.startScope('s');
    a.join('s', 'before');
    network.run(3000);
    expect([said.get('a'), said.get('b')]).toEqual([2, 2]);
    const c = network.start({ name: 'c', versions: { min: 1, max: 1 } });
    c.startScope('s');
    c.join('s', 'lower');
    network.run(3000);
    const unreadable = (): number => c.protocol.stats().counters['unreadable-version'] ?? 0;
    const beforeMeeting = unreadable();
    a.join('s', 'after');
    network.run(3000);
    expect(unreadable()).toBe(beforeMeeting);
    expect([said.get('a'), said.get('b'), said.get('c')]).toEqual([1, 1, 1]);
    for (const node of [a, b, c]) expect(node.keys('s')).toEqual(['after', 'before', 'lower']);
    expect([a.protocol.versionOf(b), a.protocol.versionOf(c)]).toEqual([2, 1]);
    network.leave(c);
    network.run(3000);
    expect([said.get('a'), said.get('b')]).toEqual([2, 2]);
    expect(b.keys('s')).toEqual(['after', 'before']);
  });

  it('nodes without a common protocol version refuse each other: one warning and one event per incarnation, all else ignored', () => {
    const network = new VirtualNetwork();
    const old = network.start({ name: 'old', versions: { min: 1, max: 1 } });
    const young = network.start({ name: 'young', versions: { min: 2, max: 2 } });
    network.run(20_000);
    for (const [node, other] of [
      [old, 'young'],
      [young, 'old'],
    ] as const) {
      expect(node.peers).toEqual([]);
      expect(node.eventsOf(other)).toEqual(['peer-rejected:version']);
      expect(node.warnings()).toEqual(['rejected-version']);
    }
    const { subject, bytes } = young.protocol.envelope('call', 'old', new Uint8Array(0));
    network.inject(old, subject, bytes);
    expect(old.delivered).toEqual([]);
  });

  it('a node that would leave no common version for broadcasts is refused, and no existing peer is lost', () => {
    const network = new VirtualNetwork();
    const middle = network.start({ name: 'middle', versions: { min: 1, max: 2 } });
    network.start({ name: 'low', versions: { min: 1, max: 1 } });
    network.run(1000);
    network.start({ name: 'high', versions: { min: 2, max: 2 } });
    network.run(5000);
    expect(middle.peers).toEqual(['low']);
    expect(middle.eventsOf('high')).toEqual(['peer-rejected:version']);
  });

  it('a newer incarnation that is refused for its version still ends the older one', () => {
    const network = new VirtualNetwork();
    const a = network.start({ name: 'a', versions: { min: 1, max: 1 } });
    const before = network.start({ name: 'b', versions: { min: 1, max: 1 } });
    network.run(1000);
    network.kill(before);
    network.start({ name: 'b', versions: { min: 2, max: 2 } });
    network.run(100);
    expect(a.eventsOf('b')).toEqual(['peer-up', 'peer-removed:superseded', 'peer-rejected:version']);
  });
});
