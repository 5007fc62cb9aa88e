import type { NodeFact, ObservedNode } from '../../observer';
import { findingsOf } from './doctor-verb';

/** `test/e2e/observer/situations.spec.ts` makes these findings, and the others, with real nodes. */
function node(name: string, fact: Partial<NodeFact> = {}): ObservedNode {
  return {
    node: name,
    incarnation: name,
    answer: 'ok',
    roundTripMs: 1,
    clockSkewMs: 0,
    suspectedBy: [],
    unknownTo: [],
    fact: {
      node: name,
      incarnation: name,
      state: 'ready',
      version: '1.0.0',
      nodeVersion: 'v20.0.0',
      protocol: [1, 3],
      server: '',
      connected: true,
      problem: '',
      crashDetection: 'no-responders',
      startedAt: 0,
      clock: 0,
      cpu: 0,
      loop: 0,
      heapBytes: 0,
      rssBytes: 0,
      processes: 1,
      entities: 0,
      names: 0,
      inFlight: 0,
      watches: [],
      peers: [],
      scopes: 1,
      ...fact,
    },
  };
}

const BROKER = { complaints: [], server: 'nats://127.0.0.1:4222', isPage: false };
const wrong = (nodes: readonly ObservedNode[]) =>
  findingsOf(nodes, [], BROKER).flatMap(({ check, isWell, found, remedy }) =>
    isWell ? [] : [{ check, found, remedy }],
  );

describe('what doctor finds', () => {
  it('is nothing where all is well', () => {
    expect(wrong([node('a'), node('b')])).toEqual([]);
  });

  it('is a name that two processes have, and says to give each a name of its own', () => {
    const peer = { node: 'a', incarnation: 'another', state: 'ready', suspect: false } as const;
    expect(wrong([node('a'), node('b', { peers: [peer] })])).toEqual([
      {
        check: 'names of nodes',
        found: 'several lives of a',
        remedy: expect.stringContaining('(option node)'),
      },
    ]);
  });

  it('is nodes with different versions of the library, and says that they talk in the oldest', () => {
    expect(wrong([node('a'), node('b', { protocol: [1, 1] })])).toEqual([
      {
        check: 'versions of the protocol',
        found: '1 to 3; 1 to 1',
        remedy: expect.stringContaining('until all are updated'),
      },
    ]);
  });

  it('is a node that is busy, and says how to find with what', () => {
    const busy = [
      // Helper threads take a core, too.
      node('a', { cpu: 0.95, loop: 0.2 }),
      node('b', { cpu: 0.3, loop: 0.997 }),
      node('c', { cpu: 0.9, loop: 0.9 }),
      // Of an earlier version.
      node('d', { cpu: 1.25, loop: undefined }),
    ];
    expect(wrong(busy)).toEqual([
      {
        check: 'load',
        found:
          'a: 95 % of a core, its event loop busy 20 % of the time; ' +
          'b: 30 % of a core, its event loop busy 100 % of the time; d: 125 % of a core',
        remedy: expect.stringContaining('nestjs-pg-registry top shows the handlers that run most.'),
      },
    ]);
  });
});
