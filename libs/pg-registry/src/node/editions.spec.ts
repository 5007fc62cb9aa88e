import { firstValueFrom } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { HandlerTable, via } from '../calls';
import { incarnationOf, type VersionRange } from '../wire';
import { encodeFrame } from '../wire/frame';
import { type LocalBus, localBus, localTransport } from '../transport/local';
import type { Connection } from '../transport';
import type { NodeLogger } from './logger';
import type { NodeOptions } from './node-options';
import { PgRegistryNode } from './pg-registry-node';

const silent: NodeLogger = { log: () => undefined, warn: () => undefined, error: () => undefined };
const FIRST: VersionRange = { min: 1, max: 1 };
const BOTH: VersionRange = { min: 1, max: 2 };

let bus: LocalBus;
let nodes: PgRegistryNode[];
let subjects: string[];
beforeEach(() => {
  bus = localBus();
  nodes = [];
  subjects = [];
  // Hears everything, as a tool that watches the subjects does.
  outsider('ear').subscribe('pgr.pg.to.>', (subject) => subjects.push(subject));
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
});

/** A connection that no node uses. */
function outsider(node: string): Connection {
  return bus.connect({
    node,
    replies: `pgr.pg.reply.${node}.>`,
    timeoutMs: 1000,
    onStatus: () => undefined,
    onError: () => undefined,
    onWarning: () => undefined,
  });
}

async function start(
  name: string,
  versions: VersionRange,
  options: NodeOptions = {},
): Promise<PgRegistryNode> {
  const node = new PgRegistryNode(
    { transport: localTransport({ bus }), node: name, ...options },
    { defaultTransport: localTransport, logger: silent, versions },
  );
  nodes.push(node);
  await node.connect();
  await node.synced();
  return node;
}

/** A process under the key `echo`, with the casts that it got. */
function serve(node: PgRegistryNode): { readonly casts: unknown[]; exit(reason: string): void } {
  const casts: unknown[] = [];
  const calls = new Map([['echo', (payload: unknown) => payload]]);
  const handlers = new HandlerTable('Echo', {
    calls,
    casts: new Map([['note', (payload) => casts.push(payload)]]),
  });
  const process = node.processes.mount({ label: 'echo', handlers, serial: false });
  node.scope('pg').join(`echo-${node.name}`, process.pid);
  return { casts, exit: (reason) => process.exit(reason) };
}

/** Registers, calls, casts and monitors from one node to another. */
async function talk(from: PgRegistryNode, to: PgRegistryNode): Promise<void> {
  const served = serve(to);
  const key = `echo-${to.name}`;
  await eventually(() => expect(from.scope('pg').members(key)).toHaveLength(1));
  const name = via('pg', key);
  await expect(from.processes.call(name, 'echo', { deep: [1, new Map([['a', 2n]])] })).resolves.toEqual({
    deep: [1, new Map([['a', 2n]])],
  });
  const many = Array.from({ length: 200 }, (_, i) =>
    from.processes.call(name, 'echo', i, { headers: { h: `${i}` } }),
  );
  for (let i = 0; i < 50; i += 1) from.processes.cast(name, 'note', i);
  await expect(Promise.all(many)).resolves.toEqual(Array.from({ length: 200 }, (_, i) => i));
  await eventually(() => expect(served.casts).toEqual(Array.from({ length: 50 }, (_, i) => i)));
  await expect(from.processes.call(name, 'nothing')).rejects.toMatchObject({ code: 'NO_HANDLER' });
  const down = firstValueFrom(from.processes.monitor(from.scope('pg').members(key)[0]));
  await eventually(() => expect(to.stats().calls.watched).toBe(1));
  served.exit('enough');
  await expect(down).resolves.toMatchObject({ reason: 'enough' });
  await eventually(() => expect(from.scope('pg').members(key)).toHaveLength(0));
}

/** Kinds of the frames that went from one node to another, of those that only one version has. */
function kindsBetween(from: string, to: string): string[] {
  const parts = subjects
    .map((subject) => subject.split('.'))
    .filter((tokens) => tokens[3] === to && tokens[5] === from);
  const kinds = new Set(parts.map((tokens) => tokens[4]));
  return ['bundle', 'call', 'cast', 'watch'].filter((kind) => kinds.has(kind));
}

describe('two versions of the protocol', () => {
  it.each([
    ['the second with itself', BOTH, BOTH, ['bundle']],
    ['the first with itself', FIRST, FIRST, ['call', 'cast', 'watch']],
    ['the first with the second', FIRST, BOTH, ['call', 'cast', 'watch']],
    ['the second with the first', BOTH, FIRST, ['call', 'cast', 'watch']],
  ])('lets nodes replicate, call, cast and monitor: %s', async (_, mine, theirs, kinds) => {
    const [a, b] = [await start('a', mine), await start('b', theirs)];
    await eventually(() => expect([a.peers().length, b.peers().length]).toEqual([1, 1]));
    await talk(a, b);
    await talk(b, a);
    expect([kindsBetween('a', 'b'), kindsBetween('b', 'a')]).toEqual([kinds, kinds]);
    for (const node of nodes) {
      const { counters } = node.stats().protocol;
      expect(counters['malformed-frame'] ?? 0).toBe(0);
      expect(node.stats().calls).toMatchObject({ pending: 0, serving: 0, warnings: {} });
    }
  });

  it('changes from one version to the other while a cluster is upgraded node by node', async () => {
    const c = await start('c', BOTH);
    for (const [before, after] of [
      [FIRST, BOTH],
      [BOTH, FIRST],
    ] as const) {
      // prettier-ignore
      const old = await start('b', before);
      await eventually(() => expect(c.peers().map(({ node }) => node)).toEqual(['b']));
      await talk(c, old);
      await old.close();
      await eventually(() => expect(c.peers()).toEqual([]));
      const next = await start('b', after);
      await eventually(() => expect(c.peers().map(({ node }) => node)).toEqual(['b']));
      await talk(c, next);
      await talk(next, c);
      await next.close();
      await eventually(() => expect(c.peers()).toEqual([]));
    }
    expect(kindsBetween('c', 'b')).toEqual(['bundle', 'call', 'cast', 'watch']);
  });
});

describe.each([
  ['first', FIRST],
  ['second', BOTH],
])('with the %s version of the protocol', (_, versions) => {
  let a: PgRegistryNode;
  let b: PgRegistryNode;
  let answer: () => void;

  /** Starts a and b, and a call from a to b that is under way. */
  async function callUnderWay(options: NodeOptions = {}): Promise<{ readonly call: Promise<unknown> }> {
    [a, b] = [await start('a', versions, options), await start('b', versions, options)];
    const answered = new Promise<string>((resolve) => (answer = () => resolve('right')));
    const asked = new Promise<void>((resolve) => {
      const slow = (): Promise<string> => {
        resolve();
        return answered;
      };
      const calls = new Map<string, () => unknown>([['slow', slow], ['fast', () => 'fast']]); // prettier-ignore
      const { pid } = b.processes.mount({
        label: 'slow',
        handlers: new HandlerTable('Slow', { calls }),
        serial: false,
      });
      b.scope('pg').join('slow', pid);
    });
    await eventually(() => expect(a.scope('pg').members('slow')).toHaveLength(1));
    const call = a.processes.call(via('pg', 'slow'), 'slow', null, { timeoutMs: 3000 });
    await asked;
    return { call };
  }

  it('a node that asks for the answer to a probe on the address of a call does not end the call', async () => {
    const { call } = await callUnderWay();
    const mallory = outsider('mallory');
    const versionRange = { min: 1, max: 1 };
    const forged = {
      version: 1,
      node: 'a',
      incarnation: incarnationOf('a', 7),
      epoch: 1,
      versions: versionRange,
    };
    for (let token = 0; token < 100; token += 1) {
      const probe = encodeFrame({ ...forged, kind: 'alive' });
      mallory.publish('pgr.pg.alive.b', probe, `pgr.pg.reply.a.b.${token.toString(36)}`);
    }
    await mallory.flush();
    await mallory.flush();
    answer();
    await expect(call).resolves.toBe('right');
    expect(a.stats().strayAnswers).toBeGreaterThanOrEqual(100);
  });

  it('a stream that acknowledges every message ends no call and does not hide a crash', async () => {
    const stream = outsider('stream');
    stream.subscribe('pgr.>', (_subject, _bytes, reply) => {
      if (reply !== '') stream.publish(reply, new TextEncoder().encode('{"stream":"AUDIT","seq":1}'));
    });
    const options = { helloIntervalMs: 100, probeIntervalMs: 50, probeTimeoutMs: 50, peerTimeoutMs: 500 };
    const { call } = await callUnderWay(options);
    answer();
    await expect(call).resolves.toBe('right');
    await expect(a.processes.call(via('pg', 'slow'), 'fast')).resolves.toBe('fast');
    bus.crash('b');
    await eventually(() => expect(a.scope('pg').members('slow')).toEqual([]), { timeoutMs: 4000 });
    expect(a.peers()).toEqual([]);
    expect(a.stats().protocol.crashDetection).toBe('silence');
    expect(a.stats().strayAnswers).toBeGreaterThan(0);
  });
});
