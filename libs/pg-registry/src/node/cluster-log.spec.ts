import { InvalidOptionError } from '../term';
import { type LocalBus, localBus, localTransport } from '../transport/local';
import { eventually } from '../../../../test/support/eventually';
import { EventQueue } from '../../../../test/support/virtual-network/event-queue';
import type { Clock } from './clock';
import { ClusterLog } from './cluster-log';
import { ErrorLog, type NodeLogger } from './logger';
import type { NodeOptions } from './node-options';
import { PgRegistryNode } from './pg-registry-node';

const TIMES = { settleMs: 20, confirmMs: 50, probeIntervalMs: 20 };

describe('the log of the cluster', () => {
  let bus: LocalBus;
  let nodes: PgRegistryNode[];
  let lines: string[];
  beforeEach(() => {
    bus = localBus();
    nodes = [];
    lines = [];
  });
  afterEach(() => Promise.all(nodes.map((node) => node.close())));

  const logger: NodeLogger = {
    log: (line) => lines.push(`log ${line}`),
    warn: (line) => lines.push(`warn ${line}`),
    error: (line) => lines.push(`error ${line}`),
  };
  const silent: NodeLogger = { log: () => undefined, warn: () => undefined, error: () => undefined };

  async function start(name: string, log = silent, options: NodeOptions = {}): Promise<PgRegistryNode> {
    const node = new PgRegistryNode(
      { node: name, namespace: 'shop', transport: localTransport({ bus }), ...TIMES, ...options },
      { defaultTransport: localTransport, logger: log },
    );
    nodes.push(node);
    await node.connect();
    await node.synced();
    return node;
  }
  /** Resolves with the line as soon as it is there. */
  const line = (text: string): Promise<string> =>
    eventually(() => {
      expect(lines).toContain(text);
      return text;
    });

  it('one line says that the node has joined: its name, namespace, server and peers', async () => {
    await start('bob');
    await start('alice', logger, { settleMs: 500 });
    expect(lines).toEqual([
      "log Node 'alice' joined namespace 'shop' over the local bus of this process; 1 peer: 'bob'.",
    ]);
  });

  it('a lost connection is a warning that says what still works, and its return a line', async () => {
    await start('alice', logger);
    lines = [];
    bus.disconnect('alice');
    bus.reconnect('alice');
    expect(lines).toEqual([
      "warn Node 'alice' lost its connection to the local bus of this process and tries to reconnect. Reads, and calls within this " +
        'process, go on; writes reach the peers after the reconnect; calls to other nodes fail with TransportError until then.',
      expect.stringMatching(
        /^log Node 'alice' is connected again, over the local bus of this process, after 0\.0 s; no peers\.$/,
      ),
    ]);
  });

  it('a line says which peer has joined, and which has gone and why', async () => {
    await start('alice', logger);
    const bob = await start('bob');
    await expect(line("log Peer 'bob' joined; 1 peer: 'bob' now.")).resolves.toBeDefined();
    await bob.close();
    await expect(line("log Peer 'bob' said goodbye; no peers now.")).resolves.toBeDefined();
    await start('carol');
    await expect(line("log Peer 'carol' joined; 1 peer: 'carol' now.")).resolves.toBeDefined();
    bus.crash('carol');
    const gone = "log Peer 'carol' crashed: its connection was closed without a goodbye; no peers now.";
    await expect(line(gone)).resolves.toBeDefined();
  });

  it('peers that come together share a line, which names ten of them', async () => {
    await start('alice', logger);
    lines = [];
    const names = Array.from({ length: 12 }, (_, i) => `n${String(i).padStart(2, '0')}`);
    await Promise.all(names.map((name) => start(name)));
    await eventually(() => expect(lines.join()).toContain('12 peers:'));
    expect(lines.length).toBeLessThan(6);
    expect(lines.join()).toContain(' and 2 more now.');
  });

  it('the option logLevel leaves out what is less important', async () => {
    await start('alice', logger, { logLevel: 'warn' });
    bus.disconnect('alice');
    bus.reconnect('alice');
    expect(lines).toEqual([expect.stringMatching(/^warn Node 'alice' lost its connection/)]);
    lines = [];
    await start('bob', logger, { logLevel: 'error' });
    bus.disconnect('bob');
    expect(lines).toEqual([]);
    expect(
      () => new PgRegistryNode({ logLevel: 'debug' as 'log' }, { defaultTransport: localTransport }),
    ).toThrow(InvalidOptionError);
  });

  it('the error of a scope that does not run names those that run, and how to start it', async () => {
    const alice = await start('alice', silent, { scopes: ['workers'] });
    const read = () => alice.scope('wrokers').register('k');
    expect(read).toThrow(
      "Scope 'wrokers' is not running on this node. Running are 'pg', 'workers'. Name 'wrokers' in " +
        "PgRegistryModule.forRoot({ scopes: ['wrokers'] }) or forFeature('wrokers'), or start it by node.startScope('wrokers'). " +
        'Nothing was changed.',
    );
    await alice.close();
    expect(read).toThrow('The node runs no scope any more: it has stopped, or was superseded.');
  });

  it('mount() is refused on a node without a Nest application', async () => {
    const alice = await start('alice');
    expect(() => alice.mount({})).toThrow('mount() needs a node of PgRegistryModule. Nothing was mounted.');
  });
});

describe('the log of a cluster in which a peer comes and goes all the time', () => {
  it('gathers more and more of it in a line, and names a peer at once again after a pause', () => {
    const lines: string[] = [];
    const queue = new EventQueue();
    const logger: NodeLogger = {
      log: (line) => lines.push(line),
      warn: () => undefined,
      error: () => undefined,
    };
    const clock: Clock = {
      now: () => queue.now,
      wall: () => 0,
      setTimer: (ms, run) => queue.after(ms, run),
      stayAlive: () => undefined,
      afterTurn: (run) => queue.after(0, run),
    };
    const log = new ClusterLog({
      node: 'a',
      namespace: 'n',
      log: new ErrorLog(logger),
      clock,
      peers: () => [],
    });
    log.joined('a server');
    for (let times = 0; times < 6000; times += 1) {
      const life = { node: `peer ${times}`, incarnation: String(times) };
      log.peer({ type: 'peer-up', ...life });
      log.peer({ type: 'peer-removed', reason: 'goodbye', ...life });
      queue.advance(10);
    }
    expect(lines.length).toBeLessThan(30);
    expect(lines[1]).toMatch(/^10 peers 'peer 0', /);
    queue.advance(60_000);
    lines.length = 0;
    log.peer({ type: 'peer-up', node: 'late', incarnation: 'late' });
    queue.advance(100);
    expect(lines).toEqual(["Peer 'late' joined; no peers now."]);
  });
});
