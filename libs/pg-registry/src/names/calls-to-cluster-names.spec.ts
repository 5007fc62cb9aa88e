import { inspect } from 'node:util';
import { eventually } from '../../../../test/support/eventually';
import { clusterName, type Handler, HandlerTable } from '../calls';
import { type LocalProcess } from '../lifetime';
import { PgRegistryNode } from '../node';
import {
  InvalidArgumentError,
  type Key,
  NoHandlerError,
  NotRegisteredError,
  RemoteError,
  TransportError,
} from '../term';
import { localBus, localTransport } from '../transport/local';
import { type Claim, NAMES_SCOPE } from '.';

interface Holder {
  readonly process: LocalProcess;
  readonly claim: Claim;
}

describe('A call to a cluster name', () => {
  let bus = localBus();
  let nodes: PgRegistryNode[] = [];
  let told: string[] = [];
  let warnings: string[] = [];

  beforeEach(() => {
    bus = localBus();
    told = [];
    warnings = [];
  });
  afterEach(async () => {
    bus.heal();
    await Promise.all(nodes.map((node) => node.close()));
    nodes = [];
  });

  async function start(name: string, isWithoutNames = false): Promise<PgRegistryNode> {
    const transport = localTransport({ bus });
    const node = new PgRegistryNode(
      { node: name, transport, names: isWithoutNames ? false : { ttlMs: 30_000 } },
      {
        defaultTransport: () => transport,
        logger: {
          log: () => undefined,
          warn: (message) => void warnings.push(message),
          error: () => undefined,
        },
      },
    );
    nodes.push(node);
    await node.connect();
    return node;
  }

  /** Starts a process with handlers, which claims the key. */
  async function hold(node: PgRegistryNode, key: Key = 'k'): Promise<Holder> {
    const calls = new Map<string, Handler>([
      ['where', () => node.name],
      ['caller', (_, { caller }) => caller],
      ['fail', () => Promise.reject(new RangeError('deliberate'))],
    ]);
    const casts = new Map<string, Handler>([
      ['note', (text) => void told.push(`${node.name} ${JSON.stringify(text)}`)],
    ]);
    const handlers = new HandlerTable('Holder', { calls, casts });
    const process = node.processes.mount({ label: 'holder', handlers, serial: false });
    return { process, claim: await node.processes.run(process, () => node.names.claim(key)) };
  }

  const where = (from: PgRegistryNode, timeoutMs = 5000): Promise<unknown> =>
    from.processes.call(clusterName('k'), 'where', null, { timeoutMs });

  it('reaches the holder on every node, which sees who called', async () => {
    const [a, b, c] = await Promise.all([start('a'), start('b'), start('c', true)]);
    await hold(a);
    await expect(Promise.all([a, b, c].map((from) => where(from)))).resolves.toEqual(['a', 'a', 'a']);
    await expect(b.processes.call(clusterName('k'), 'caller')).resolves.toEqual(b.processes.self());
    const remote = c.processes.proxy<{ where(): string }>(clusterName('k'));
    expect(inspect(remote)).toBe("Remote clusterName('k')");
    expect(inspect(clusterName(['k', 1]))).toBe("ClusterName (['k', 1])");
    await expect(remote.where()).resolves.toBe('a');
    await expect(where(b, Infinity)).resolves.toBe('a');
  });

  it('waits for a holder within its time limit', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    const answer = where(b);
    expect(b.stats().calls.pending).toBe(1);
    await hold(a);
    await expect(answer).resolves.toBe('a');
    expect(b.stats().calls.pending).toBe(0);
  });

  it('rejects with NotRegisteredError if nobody holds the name until its time limit', async () => {
    const a = await start('a');
    const error = new NotRegisteredError(
      "Nobody in the cluster holds the cluster name 'k', as this node has heard, and nobody has come within the time limit; " +
        'nothing was executed.',
    );
    await expect(where(a, 20)).rejects.toThrow(error);
    await expect(where(a, 0)).rejects.toThrow(error);
    expect(a.stats().calls.finished).toEqual({ NOT_REGISTERED: 2 });
    expect(a.stats().calls.pending).toBe(0);
  });

  it('ends with the reason of its signal while it waits', async () => {
    const a = await start('a');
    const abort = new AbortController();
    const answer = a.processes.call(clusterName('k'), 'where', null, { signal: abort.signal });
    abort.abort(new RangeError('enough'));
    await expect(answer).rejects.toThrow(new RangeError('enough'));
  });

  it('waits for the next holder when the one that it asked has ended', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    const { process } = await hold(a);
    await expect(where(b)).resolves.toBe('a');
    // What the other node does not know yet when it is asked.
    bus.pause('b');
    process.exit();
    const answer = where(b);
    bus.resume('b');
    await hold(a, 'another key');
    await hold(b);
    await expect(answer).resolves.toBe('b');
  });

  it('asks the same holder again when nobody else has come', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    await hold(a);
    await expect(where(b)).resolves.toBe('a');
    bus.disconnect('a');
    const answer = where(b);
    await eventually(() => expect(b.stats().calls.pendingRemote).toBe(0));
    bus.reconnect('a');
    await expect(answer).resolves.toBe('a');
  });

  it('does not fail when the holder drains and another node takes over', async () => {
    const [a, b, c] = await Promise.all([start('a'), start('b'), start('c')]);
    await hold(a);
    const next = hold(b);
    await eventually(() => expect(b.names.stats().waiting).toBe(1));
    await expect(where(c)).resolves.toBe('a');
    const answers: unknown[] = [];
    const drained = a.drain();
    // One call after the other, through the change.
    // oxlint-disable-next-line no-await-in-loop
    while (!answers.includes('b')) answers.push(await where(c));
    await Promise.all([drained, next]);
  });

  it('is not repeated when its handler has begun', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    await hold(a);
    await expect(b.processes.call(clusterName('k'), 'fail')).rejects.toThrow(RemoteError);
  });

  it('goes to a node that publishes a higher token than the holder, which does not become the holder by that', async () => {
    const [a, b, mallory] = await Promise.all([start('a'), start('b'), start('mallory')]);
    const { claim } = await hold(a);
    expect(await where(b)).toBe('a');
    const calls = new Map<string, Handler>([['where', () => 'mallory']]);
    const process = mallory.processes.mount({
      label: 'forger',
      handlers: new HandlerTable('Forger', { calls, casts: new Map() }),
      serial: false,
    });
    await eventually(() => expect(mallory.names.whereis('k')?.token).toBe(claim.token));
    // What only a node that plays by no rules does.
    mallory.scope(NAMES_SCOPE).join('k', process.pid, { token: Number.MAX_SAFE_INTEGER, value: null });
    await eventually(async () => expect(await where(b)).toBe('mallory'));
    expect(await b.names.holder('k')).toMatchObject({ pid: claim.pid, token: claim.token });
    expect(claim.held).toBe(true);
    // With a second entry under one key all of its entries are left out.
    mallory.scope(NAMES_SCOPE).join('k', mallory.processes.spawn().pid, { token: 1, value: null });
    await eventually(async () => expect(await where(b)).toBe('a'));
  });

  it('says so when the holder is the root process', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    await a.names.claim('k');
    const failed = b.processes.call(clusterName('k'), 'where');
    await expect(failed).rejects.toThrow(NoHandlerError);
    await expect(failed).rejects.toThrow(/it is the root process of its node/);
  });

  it('ends with TransportError when its node stops, and starts nothing on a stopped node', async () => {
    const a = await start('a');
    const [waiting] = await Promise.allSettled([where(a), a.close()]);
    expect(waiting).toMatchObject({ reason: expect.any(TransportError) });
    await expect(where(a)).rejects.toMatchObject({ code: 'SCOPE_NOT_RUNNING' });
    expect(Object.keys(a.stats().scopes)).toEqual([]);
  });

  it('is refused for what is no key', () => {
    expect(() => clusterName(undefined as never)).toThrow(InvalidArgumentError);
    expect(() => clusterName((() => 'key') as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    expect(() => clusterName('x'.repeat(70_000))).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    );
  });

  it('that does not wait reaches the holder, or the next one, in the order of the casts', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    for (const text of [1, 2, 3]) b.processes.cast(clusterName('k'), 'note', text);
    const { process } = await hold(a);
    await eventually(() => expect(told).toEqual(['a 1', 'a 2', 'a 3']));
    b.processes.cast(clusterName('k'), 'note', 4);
    await eventually(() => expect(told).toHaveLength(4));
    process.exit();
    await eventually(() => expect(b.names.whereis('k')).toBeUndefined());
    b.processes.cast(clusterName('k'), 'note', 5);
    await hold(b);
    await eventually(() => expect(told).toEqual(['a 1', 'a 2', 'a 3', 'a 4', 'b 5']));
    expect(warnings).toEqual([]);
  });

  it('that does not wait is dropped and counted when too many wait already, and when the node stops', async () => {
    const a = await start('a');
    for (let count = 0; count < 1003; count += 1) a.processes.cast(clusterName('k'), 'note', count);
    expect(a.stats().calls.warnings).toEqual({ undelivered: 3 });
    await a.close();
    await eventually(() => expect(a.stats().calls.warnings).toEqual({ undelivered: 1003 }));
  });
});
