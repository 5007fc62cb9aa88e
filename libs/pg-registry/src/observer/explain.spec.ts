import { explainKey, type KeyAnswer } from './explain';
import type { EntryFact, KeyFact, StreamFact } from './facts';
import { MISFIT, SHAPES } from './shapes';

const INCARNATIONS = { a: '1'.repeat(16), b: '2'.repeat(16) };

/** The entry that node `a` owns, as it was after so many of its operations. */
function entry(revision: number): EntryFact {
  const pid = `a/${INCARNATIONS.a}/7`;
  return { id: `${INCARNATIONS.a}:1`, key: 'k', keyText: "'k'", pid, node: 'a', value: revision, revision };
}

function answer(node: 'a' | 'b', fact: Partial<KeyFact>): KeyAnswer {
  const all = {
    runs: true,
    entries: [],
    count: 0,
    last: 0,
    streams: [],
    peers: [],
    changes: [],
    journal: 0,
    ...fact,
  };
  return {
    node,
    incarnation: INCARNATIONS[node],
    asked: { type: 'ok', json: null, ms: 1 },
    fact: { ...all, count: all.entries.length },
  };
}

/** Explains a key of `a` that `b` has as it was two operations ago. */
function explained(stream: Partial<StreamFact>) {
  const peers = [{ node: 'a', incarnation: INCARNATIONS.a, state: 'ready', suspect: false }] as const;
  const streams = [
    { node: 'a', incarnation: INCARNATIONS.a, phase: 'live', applied: 4, heard: 4, ...stream },
  ] as const;
  return explainKey('pg', 'k', [
    answer('a', { entries: [entry(6)], last: 6 }),
    answer('b', { entries: [entry(4)], streams, peers }),
  ]).differences;
}

describe('explain, of a node that is behind the owner of a key', () => {
  it('says that it has not heard of the last operations', () => {
    expect(explained({})).toEqual([
      {
        node: 'b',
        owner: 'a',
        id: `${INCARNATIONS.a}:1`,
        kind: 'old',
        reason: 'behind',
        text: "'b' has applied 4 of 6 operations of 'a'; it has not heard of the rest.",
      },
    ]);
  });

  it('says that it waits for a missing operation', () => {
    expect(explained({ heard: 6 })).toMatchObject([{ kind: 'old', reason: 'gap' }]);
  });

  it('says that it is still syncing, or shows nothing of an owner with too many entries', () => {
    expect(explained({ phase: 'walking' })).toMatchObject([{ reason: 'syncing' }]);
    expect(explained({ phase: 'overfull' })).toMatchObject([{ reason: 'overfull' }]);
  });

  it('says so if it has applied everything and differs all the same', () => {
    expect(explained({ applied: 6, heard: 6 })).toMatchObject([{ reason: 'unknown' }]);
  });
});

describe('explain, of a node that saw more changes than it keeps', () => {
  it('says so, and that changes of the key may be among them', () => {
    const omitted = {
      number: 100_001,
      at: Date.UTC(2026, 10, 30, 4, 12, 25, 123),
      type: 'omitted',
      scope: 'pg',
      key: undefined,
      keyText: '',
      pid: '',
      node: '',
      entries: 1_203_441,
      revision: 0,
      cause: '1203441 changes within 812 ms were too many to keep',
    };
    const { findings, changes } = explainKey('pg', 'k', [
      answer('a', { entries: [entry(6)], last: 6 }),
      answer('b', { changes: [omitted] }),
    ]);
    expect(findings).toContain(
      "Of node 'b', at 2026-11-30T04:12:25.123Z: 1203441 changes within 812 ms were too many to keep. Changes of this key may be among them.",
    );
    expect(changes).toEqual([{ ...omitted, seenBy: 'b' }]);
  });
});

it('thousands of entries that one node says it has are not compared with what every other node has', () => {
  const claimed = Array.from({ length: 8000 }, (_, at) => ({ ...entry(1), id: `${INCARNATIONS.a}:${at}` }));
  const read = SHAPES.key(answer('a', { entries: claimed }).fact);
  if (read === MISFIT) throw new Error('It is a fact.');
  expect(read.entries).toHaveLength(100);
  const liar: KeyAnswer = { ...answer('a', {}), fact: read };
  const others = Array.from({ length: 50 }, (_, at) => ({ ...answer('b', {}), node: `b${at}` }));
  expect(explainKey('pg', 'k', [liar, ...others]).differences).toEqual([]);
});
