import type { VirtualNode } from '../protocol/virtual-network.fixture';
import { TURN_MS } from '../protocol/virtual-node.fixture';
import { connectAll, isStream, LATENCY_MS, three, two, unconnected } from './synced-nodes.fixture';

/** The question leaves with the write, or at the end of its turn. */
const THERE_AND_BACK_MS = 2 * LATENCY_MS + TURN_MS;

/** What was timed at a node: `lag b`, `synced a`, … with the milliseconds, the oldest first. */
function timed(node: VirtualNode): [string, number][] {
  return node.told
    .splice(0)
    .flatMap((effect) =>
      effect.type === 'lag' || effect.type === 'synced'
        ? [[`${effect.type} ${effect.peer}`, effect.durationMs] as [string, number]]
        : [],
    );
}

describe('the propagation of a write', () => {
  it('the lag of a write is timed from the write to the acknowledgement of the peer', () => {
    const { network, a } = two({ lagSampleMs: 1000 });
    timed(a);
    a.join('s', 'k');
    network.run(10);
    expect(timed(a)).toEqual([['lag b', expect.closeTo(THERE_AND_BACK_MS, 5)]]);
  });

  it('one write per interval is timed, at another peer each time', () => {
    const { network, a } = three({ lagSampleMs: 1000 });
    timed(a);
    for (let i = 0; i < 25; i += 1) {
      a.join('s', 'k');
      network.run(100);
    }
    expect(timed(a).map(([what]) => what)).toEqual(['lag b', 'lag c', 'lag b']);
  });

  it('the lag of a write is reported however long it takes', () => {
    const { network, a, b } = two({ lagSampleMs: 1000 });
    timed(a);
    network.loses = (message) => isStream(message) && message.to === 'b';
    a.join('s', 'k');
    network.run(12_000);
    network.loses = () => false;
    // What it missed, it hears of by the next hello.
    network.discover(b, a);
    network.run(5000);
    const [[what, ms]] = timed(a);
    expect(what).toBe('lag b');
    expect(ms).toBeGreaterThan(12_000);
    expect(ms).toBeLessThan(15_000);
  });

  it('the lag probe of a peer that is gone is dropped, and the next write is timed', () => {
    const { network, a, b } = three({ lagSampleMs: 1000 });
    timed(a);
    network.loses = (message) => isStream(message) && message.to === 'b';
    a.join('s', 'k');
    network.run(1000);
    network.leave(b);
    network.run(1);
    a.join('s', 'k');
    network.run(10);
    expect(timed(a)).toEqual([['lag c', expect.closeTo(THERE_AND_BACK_MS, 5)]]);
  });

  it('timing sends no frame unless lagSampleMs is set', () => {
    const frames = [0, 1000].map((lagSampleMs) => {
      const { network, a } = two({ lagSampleMs });
      a.join('s', 'k');
      network.run(10_000);
      return network.streamFrames;
    });
    expect(frames[1] - frames[0]).toBe(2);
  });
});

describe('a sync', () => {
  it('a sync is timed from its first ask to its last chunk', () => {
    const { network, nodes } = unconnected(['a', 'b']);
    const [a, b] = nodes;
    for (let i = 0; i < 9000; i += 1) a.join('s', 'k', i);
    network.loses = ({ kind }) => kind === 'sync';
    connectAll(network);
    network.run(100);
    network.loses = () => false;
    network.run(1000);
    const [[what, ms]] = timed(b);
    expect(what).toBe('synced a');
    // The lost ask was repeated after 250 ms.
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(300);
    expect(timed(b)).toEqual([]);
  });

  it('a sync with a peer without entries takes 0 ms', () => {
    const { network, nodes } = unconnected(['a', 'b']);
    connectAll(network);
    network.run(100);
    expect(timed(nodes[0])).toEqual([['synced b', 0]]);
  });
});

describe('operations', () => {
  it('operations are counted where they go out and where they come in', () => {
    const { network, a, b } = two();
    for (let i = 0; i < 100; i += 1) a.join('s', 'k', i);
    network.run(100);
    expect(a.counts['operations-out']).toBe(100);
    expect(b.counts['operations-in']).toBe(100);
    expect(b.counts['operations-out']).toBeUndefined();
  });
});
