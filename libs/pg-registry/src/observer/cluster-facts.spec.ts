import { Subjects } from '../wire';
import { ClusterFacts } from './cluster-facts';
import { explainKey } from './explain';
import { type FactSource, QuestionSender } from './fact-source';
import type { KeyFact, NodeFact, PeerFact, ScopeFact } from './facts';
import type { Json } from './json-form';
import { OBSERVED_SHAPES } from './observed-shapes';
import { scopeOf as observedScopeOf } from './overview';
import type { Question } from './question';
import { MISFIT } from './shapes';

const TIMEOUT_MS = 2000;

/** A cluster of honest nodes that know each other and `evil`, which answers as a test says. Time passes only while nodes are asked. */
class Hostile implements FactSource {
  readonly asked: string[] = [];
  now = 0;
  readonly facts = new ClusterFacts(this, {
    timeoutMs: TIMEOUT_MS,
    wall: () => this.now,
    sleep: () => Promise.resolve(),
  });

  constructor(
    readonly honest: readonly string[],
    readonly evil: (question: Question) => { readonly json: unknown; readonly ms?: number },
  ) {}

  nodes(): Promise<readonly string[]> {
    return Promise.resolve([...this.honest, 'evil']);
  }

  // oxlint-disable-next-line typescript/require-await -- as of another node
  async ask(node: string, question: Question): ReturnType<FactSource['ask']> {
    this.asked.push(node);
    if (node === 'evil') {
      const { json, ms = 1 } = this.evil(question);
      this.now += ms;
      return { type: 'ok', json: json as Json, ms };
    }
    if (!this.honest.includes(node)) {
      // Up to 32 are asked at a time.
      this.now += TIMEOUT_MS / 32;
      return { type: 'silent', message: '' };
    }
    const peers = [...this.honest, 'evil'].filter((name) => name !== node).map(peerOf);
    const json = question.ask === 'scopes' ? [scopeOf('docs')] : nodeFact(node, peers);
    return { type: 'ok', json: json as unknown as Json, ms: 1 };
  }
}

const peerOf = (node: string): PeerFact => ({ node, incarnation: '', state: 'ready', suspect: false });
const scopeOf = (scope: string): ScopeFact => ({
  scope,
  keys: 'duplicate',
  entries: 0,
  local: 0,
  last: 0,
  followers: 0,
  syncedAt: undefined,
  streams: [],
});
const nodeFact = (node: string, peers: readonly PeerFact[]): NodeFact => ({
  node,
  incarnation: node,
  state: 'ready',
  version: '',
  nodeVersion: '',
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
  processes: 0,
  entities: 0,
  names: 0,
  inFlight: 0,
  watches: [],
  peers,
  scopes: 0,
});
const HONEST = Array.from({ length: 50 }, (_, i) => `node-${i}`);
const many = <T>(count: number, of: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => of(i));

/** Processor time of some work, in milliseconds. */
async function cpuMsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('what a hostile node says of itself', () => {
  it('lets those who look neither ask nor wait for the thousands of nodes that it names', async () => {
    const peers = many(10_000, (i) => peerOf(`invented-${i}`));
    const cluster = new Hostile(HONEST, () => ({ json: nodeFact('evil', peers) }));
    const nodes = await cluster.facts.nodes();
    expect(cluster.now).toBeLessThan(3 * TIMEOUT_MS);
    expect(cluster.asked.length).toBeLessThan(600);
    expect(nodes.filter(({ answer }) => answer === 'ok').length).toBe(51);
    expect(nodes.find(({ node }) => node === 'node-0')?.unknownTo).toEqual(['evil']);
  });

  it('costs no more than to read it', async () => {
    const peers = many(10_000, (i) => peerOf(`invented-${i}`));
    const cluster = new Hostile(HONEST, () => ({ json: nodeFact('evil', peers) }));
    expect(await cpuMsOf(() => cluster.facts.nodes())).toBeLessThan(1000);
  });

  it('does not hide the nodes that honest nodes know', async () => {
    const peers = many(10_000, (i) => peerOf(`invented-${i}`));
    const cluster = new Hostile(['a', 'b', 'z'], () => ({ json: nodeFact('evil', peers) }));
    cluster.nodes = () => Promise.resolve(['a', 'evil']);
    const nodes = await cluster.facts.nodes();
    expect(nodes.filter(({ answer }) => answer === 'ok').map(({ node }) => node)).toEqual([
      'a',
      'b',
      'evil',
      'z',
    ]);
  });

  it('may name what is no name of a node', async () => {
    const sender = new QuestionSender({
      subjects: new Subjects('pg', 'me'),
      connection: () => ({ isConnected: true }) as never,
      token: () => 'token',
      now: () => 0,
    });
    for (const name of ['', '\uD800', 'x'.repeat(129)])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await sender.ask(name, { ask: 'node' }, 1)).toMatchObject({ type: 'nobody' });
  });
});

describe('scopes that a hostile node says to run', () => {
  it('end when they do not go on', async () => {
    const cluster = new Hostile(['a'], ({ ask }) => ({
      json: ask === 'scopes' ? many(200, () => scopeOf('same')) : nodeFact('evil', [peerOf('a')]),
    }));
    expect((await cluster.facts.scopes()).map(({ scope }) => scope)).toEqual(['docs', 'same']);
    expect(cluster.asked.filter((node) => node === 'evil').length).toBeLessThan(5);
  });

  it('end when they have taken too long, and the others are shown', async () => {
    let page = 0;
    const cluster = new Hostile(['a'], ({ ask }) => {
      if (ask !== 'scopes') return { json: nodeFact('evil', [peerOf('a')]) };
      page += 1;
      return { json: many(200, (i) => scopeOf(`s-${page + 100}-${i + 100}`)), ms: TIMEOUT_MS - 1 };
    });
    const scopes = await cluster.facts.scopes();
    expect(cluster.now).toBeLessThan(4 * TIMEOUT_MS);
    expect(scopes[0]).toMatchObject({ scope: 'docs', nodes: ['a'] });
  });

  it('are asked for once by all who look at the same time', async () => {
    const cluster = new Hostile(['a'], ({ ask }) => ({
      json: ask === 'scopes' ? [] : nodeFact('evil', [peerOf('a')]),
    }));
    const { facts } = cluster;
    const [first, second] = await Promise.all([facts.scopes(), facts.scopes()]);
    expect(second).toEqual(first);
    const { length } = cluster.asked;
    await facts.scopes();
    expect(cluster.asked.length).toBe(2 * length);
  });

  it('can be written as JSON and read again by the command, whatever figures it tells', async () => {
    const huge = Number.MAX_VALUE;
    const stream = { node: 'a', incarnation: '', phase: 'live', applied: -huge, heard: huge } as const;
    const evil = { ...scopeOf('docs'), local: huge, streams: [stream] };
    const cluster = new Hostile(['a'], ({ ask }) => ({
      json: ask === 'scopes' ? [evil] : nodeFact('evil', [peerOf('a')]),
    }));
    const scopes = [
      ...(await cluster.facts.scopes()),
      observedScopeOf(
        'docs',
        new Map([
          ['evil', evil],
          ['eve', evil],
        ]),
      ),
    ];
    expect(OBSERVED_SHAPES.scopes(JSON.parse(JSON.stringify(scopes)))).not.toBe(MISFIT);
    expect(scopes.map(({ lag, entries }) => [lag, entries])).toEqual([
      [huge, huge],
      [huge, huge],
    ]);
  });

  it('are kept apart by name, whatever the name is', async () => {
    const cluster = new Hostile(['A', '__proto__'], ({ ask }) => ({
      json: ask === 'scopes' ? [scopeOf('__proto__')] : nodeFact('evil', [peerOf('A')]),
    }));
    const scopes = await cluster.facts.scopes();
    expect(scopes.map(({ scope, nodes }) => [scope, nodes])).toEqual([
      ['__proto__', ['evil']],
      ['docs', ['A', '__proto__']],
    ]);
  });
});

it('what a hostile node believes about a key costs no more than to read it', async () => {
  const entries = many(12_000, (i) => ({
    id: `1:${i}`,
    key: 'k',
    keyText: "'k'",
    pid: `a/${'1'.repeat(16)}/${i}`,
    node: 'a',
    value: 1,
    revision: 1,
  }));
  const answer = (node: string, incarnation: string, fact: Partial<KeyFact>) => ({
    node,
    incarnation,
    asked: { type: 'ok', json: null, ms: 1 } as const,
    fact: {
      runs: true,
      entries: [],
      count: 0,
      last: 0,
      streams: [],
      peers: [],
      changes: [],
      journal: 0,
      ...fact,
    },
  });
  const answers = [
    answer('a', '1'.repeat(16), {}),
    answer('evil', '2'.repeat(16), {
      entries,
      count: 12_000,
      peers: many(12_000, (i) => peerOf(`invented-${i}`)),
    }),
  ];
  const explained = () => explainKey('pg', 'k', answers);
  expect(await cpuMsOf(explained)).toBeLessThan(300);
  expect(explained().differences.length).toBe(12_000);
});
