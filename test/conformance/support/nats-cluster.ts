import {
  localTransport,
  natsTransport,
  type NodeOptions,
  PgRegistryNode,
  type Transport,
} from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import type { NatsServer } from '../../support/nats-server';
import { type BeforeConnect, type Cluster, FAST_LIVENESS, SETTLE_TIMEOUT_MS } from './cluster';
import { logTo } from './node';
import { TcpGate } from './tcp-gate';
import { natsClientOf } from '../../support/nats-client-of';

interface Member {
  readonly node: PgRegistryNode;
  readonly gate: TcpGate;
  state: 'connected' | 'cut' | 'gone';
}

let clusters = 0;

/** Nodes in this process on a real nats-server, each through a gate of its own. A cut breaks the connection: others get "no responders". */
export class NatsCluster implements Cluster {
  readonly log: string[] = [];
  readonly namespace = `conformance-${(clusters += 1)}`;
  readonly #server: NatsServer;
  readonly #members: Member[] = [];
  readonly #gates: TcpGate[] = [];

  constructor(server: NatsServer) {
    this.#server = server;
  }

  async start(
    name: string,
    options: NodeOptions = {},
    before: BeforeConnect = () => undefined,
  ): Promise<PgRegistryNode> {
    const { gate, transport } = await this.#openGate();
    const node = new PgRegistryNode(
      { ...FAST_LIVENESS, node: name, namespace: this.namespace, transport, ...options },
      { defaultTransport: localTransport, logger: logTo(this.log) },
    );
    this.#members.push({ node, gate, state: 'connected' });
    before(node);
    await node.connect();
    return node;
  }

  async stranger(): Promise<Transport> {
    return (await this.#openGate()).transport;
  }

  async stop(node: PgRegistryNode): Promise<void> {
    this.#memberOf(node).state = 'gone';
    await node.close();
  }

  crash(node: PgRegistryNode): void {
    const member = this.#memberOf(node);
    member.state = 'gone';
    member.gate.shut();
  }

  cut(node: PgRegistryNode): void {
    const member = this.#memberOf(node);
    member.state = 'cut';
    member.gate.shut();
  }

  heal(node: PgRegistryNode): void {
    const member = this.#memberOf(node);
    member.state = 'connected';
    member.gate.reopen();
  }

  async settle(): Promise<void> {
    const connected = this.#nodesIn('connected');
    await eventually(
      () => {
        for (const node of this.#nodesIn('cut')) checkPeers(node, []);
        for (const node of connected) checkPeers(node, connected);
      },
      { timeoutMs: SETTLE_TIMEOUT_MS },
    );
    await Promise.all(connected.map((node) => node.synced()));
    await Promise.all(
      connected.flatMap((node) =>
        Object.keys(node.stats().scopes).map((scope) => node.scope(scope).replicated()),
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ node }) => node.close()));
    await Promise.all(this.#gates.map((gate) => gate[Symbol.asyncDispose]()));
  }

  async #openGate(): Promise<{ gate: TcpGate; transport: Transport }> {
    const gate = await TcpGate.to(Number(new URL(this.#server.url).port));
    this.#gates.push(gate);
    const servers = `nats://127.0.0.1:${gate.port}`;
    const options = { servers, reconnectTimeWait: 20, reconnectJitter: 0 };
    return {
      gate,
      transport: natsTransport({ ...options, client: natsClientOf(String(this.#gates.length)) }),
    };
  }

  #nodesIn(state: Member['state']): PgRegistryNode[] {
    return this.#members.filter((member) => member.state === state).map(({ node }) => node);
  }

  #memberOf(node: PgRegistryNode): Member {
    return this.#members.find((member) => member.node === node)!;
  }
}

/** @throws Error unless the peers of a node are exactly the others of these, and none of them is a suspect */
function checkPeers(node: PgRegistryNode, nodes: readonly PgRegistryNode[]): void {
  const expected = nodes.filter((other) => other !== node).map(({ incarnation }) => incarnation);
  const known = node.peers();
  const found = known.every((peer) => peer.suspect === false && expected.includes(peer.incarnation));
  if (found && known.length === expected.length) return;
  const shown = known.map((peer) => `${peer.node} (${peer.suspect || 'reachable'})`).join(', ');
  throw new Error(`Node '${node.name}' knows [${shown}] instead of ${expected.length} reachable peers.`);
}
