import { localTransport, type NodeOptions, PgRegistryNode, type Transport } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { type Ground, type Line, localGround, natsGround } from './ground';
import { logTo } from './node';

/** Trouble is noticed in tenths of a second, so that no test waits for long. */
const IMPATIENT: NodeOptions = {
  helloIntervalMs: 200,
  probeIntervalMs: 50,
  probeTimeoutMs: 200,
  confirmMs: 100,
  rejoinGraceMs: 100,
  peerTimeoutMs: 600,
  isolationTimeoutMs: 300,
  settleMs: 20,
  drainAckMs: 200,
};

/** Less than jest's own limit, so that a failure says what was waited for. */
const PATIENCE = { timeoutMs: 4000 };

interface Started {
  readonly node: PgRegistryNode;
  readonly line: Line;
  state: 'connected' | 'cut' | 'gone';
}

let namespaces = 0;

/** The nodes of one test, all in this process, on one of the transports. */
export class Cluster {
  /** What all nodes together have logged: warnings and errors. */
  readonly log: string[] = [];
  readonly namespace = `conformance-${(namespaces += 1)}`;
  readonly #ground: Ground;
  readonly #started: Started[] = [];
  readonly #lines: Line[] = [];

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /**
   * Makes a node and connects it; {@link settle} waits until the others know it.
   *
   * @param before What is done with the node before it connects.
   */
  async start(
    name: string,
    options: NodeOptions = {},
    before: (node: PgRegistryNode) => void = () => undefined,
  ): Promise<PgRegistryNode> {
    const line = await this.#line(name);
    const node = new PgRegistryNode(
      { ...IMPATIENT, node: name, namespace: this.namespace, transport: line.transport, ...options },
      { defaultTransport: localTransport, logger: logTo(this.log) },
    );
    this.#started.push({ node, line, state: 'connected' });
    before(node);
    await node.connect();
    return node;
  }

  /** Starts nodes of these names with the same options, and waits until they know each other. */
  async startAll<const N extends readonly string[]>(
    names: N,
    options: NodeOptions = {},
  ): Promise<{ [I in keyof N]: PgRegistryNode }> {
    const nodes = await Promise.all(names.map((name) => this.start(name, options)));
    await this.settle();
    return nodes as { [I in keyof N]: PgRegistryNode };
  }

  /** A way to the broker that is no node's, to say what no node would say. */
  async stranger(name: string): Promise<Transport> {
    return (await this.#line(name)).transport;
  }

  /** The node says goodbye and ends. */
  async stop(node: PgRegistryNode): Promise<void> {
    this.#of(node).state = 'gone';
    await node.close();
  }

  /** The node goes without a word. */
  crash(node: PgRegistryNode): void {
    const started = this.#of(node);
    started.state = 'gone';
    started.line.crash();
  }

  /** Takes a node's way to all others, in both directions; each side runs on. */
  cut(node: PgRegistryNode): void {
    const started = this.#of(node);
    started.state = 'cut';
    started.line.cut();
  }

  /** Ends {@link cut}. */
  heal(node: PgRegistryNode): void {
    const started = this.#of(node);
    started.state = 'connected';
    started.line.heal();
  }

  /**
   * Waits until everybody knows exactly those whom they can reach, and everything that was written before has arrived
   * everywhere.
   */
  async settle(): Promise<void> {
    const of = (state: Started['state']): PgRegistryNode[] =>
      this.#started.filter((started) => started.state === state).map(({ node }) => node);
    const connected = of('connected');
    await eventually(() => {
      for (const node of of('cut')) checkPeers(node, []);
      for (const node of connected) checkPeers(node, connected);
    }, PATIENCE);
    await Promise.all(connected.map((node) => node.synced()));
    await Promise.all(
      connected.flatMap((node) =>
        Object.keys(node.stats().scopes).map((scope) => node.scope(scope).replicated()),
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map(({ node }) => node.close()));
    await Promise.all(this.#lines.map((line) => line.close()));
  }

  async #line(name: string): Promise<Line> {
    const line = await this.#ground.line(name);
    this.#lines.push(line);
    return line;
  }

  #of(node: PgRegistryNode): Started {
    return this.#started.find((started) => started.node === node)!;
  }
}

/** @throws Error unless the peers of a node are exactly the others of these, and none of them is in doubt. */
function checkPeers(node: PgRegistryNode, nodes: readonly PgRegistryNode[]): void {
  const expected = nodes.filter((other) => other !== node).map(({ incarnation }) => incarnation);
  const known = node.peers();
  const found = known.every((peer) => peer.suspect === false && expected.includes(peer.incarnation));
  if (found && known.length === expected.length) return;
  const shown = known.map((peer) => `${peer.node} (${peer.suspect || 'reachable'})`).join(', ');
  throw new Error(`Node '${node.name}' knows [${shown}] instead of ${expected.length} reachable peers.`);
}

/**
 * Defines tests once for the local transport and once for a real nats-server.
 *
 * @param define Gets what gives the present test's cluster, which is closed after the test.
 */
export function onEveryTransport(define: (cluster: () => Cluster) => void): void {
  describe.each([
    ['local', localGround],
    ['nats', natsGround],
  ] as const)('on the %s transport', (_, open) => {
    let ground: Ground;
    let cluster: Cluster;
    beforeAll(async () => {
      ground = await open();
    });
    beforeEach(() => {
      cluster = new Cluster(ground);
    });
    afterEach(() => cluster.close());
    afterAll(() => ground.close());
    define(() => cluster);
  });
}
