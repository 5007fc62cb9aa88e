import { incarnationOf } from '../../libs/pg-registry/src/wire';
import { EventQueue } from '../support/virtual-network/event-queue';
import { VirtualBroker, NO_FAULTS } from '../support/virtual-network/virtual-broker';
import type { Trouble } from './reachability';
import { SeededRandom } from '../support/seeded-random';
import { type Attack, Adversary } from './adversary';
import { Checker } from './checker';
import type { Link, Server } from '../support/virtual-network/link';
import { type ClusterConfig, TINY } from './cluster-config';
import { type NodeConfig, type ScopeName, SCOPE_NAMES, SCOPES, SimulatedNode } from './simulated-node';

/** What a node's connection suffers from, beside what it shares with others. */
interface ConnectionState {
  /** Why its connection is gone, or not good; `undefined`: it is good. */
  trouble: Trouble | undefined;
  /** Counts its reconnects, so that one that was put off is not made twice. */
  attempt: number;
}

const ADVERSARY = 'm';
const LATENCY = { meanMs: 0.3, spread: 1 };
/** No message is under way for longer than so many units: weather and duplicates together. */
const LONGEST_WAY = 0.09;
/** After so many units everybody who can be reached knows which scopes run. */
const KNOWN_AFTER = 3;

/**
 * Machines, processes, servers and clients on one virtual clock. Every change of them goes through here, so that the checker
 * always knows who can reach whom.
 */
export class SimulatedCluster {
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly broker: VirtualBroker;
  readonly nodes: SimulatedNode[] = [];
  readonly checker: Checker;
  readonly story: string[] = [];
  readonly #connections = new Map<SimulatedNode, ConnectionState>();
  #incarnations = 0;
  #adversary: Adversary | undefined;

  constructor(
    readonly config: ClusterConfig,
    seed: number,
  ) {
    this.random = new SeededRandom(seed);
    const { queue, random } = this;
    const { servers, unitMs } = config;
    this.broker = new VirtualBroker({ queue, random, servers, latency: LATENCY, unitMs });
    this.broker.hasOnlooker = config.onlooker;
    const log = (line: string): void =>
      void this.story.push(`${this.queue.now.toFixed(1).padStart(10)} ${line}`);
    this.checker = new Checker(this.queue, this.nodes, log, {
      longestWayMs: LONGEST_WAY * config.unitMs,
      knownAfterMs: KNOWN_AFTER * config.unitMs,
    });
  }

  /** Processes that run, standing still or not. */
  get running(): SimulatedNode[] {
    return this.nodes.filter((node) => node.running);
  }

  /** Processes that run and have not been taken over. */
  get faithful(): SimulatedNode[] {
    return this.nodes.filter((node) => node.running && !node.isHostile);
  }

  /** Nodes that belong to the cluster. */
  get members(): SimulatedNode[] {
    return this.nodes.filter((node) => node.takesPart);
  }

  tell(line: string): void {
    this.story.push(`${this.queue.now.toFixed(1).padStart(10)} ${line}`);
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.queue.advance(ms);
  }

  /** Starts a process under a name; it connects a little later. */
  start(name: string, server: Server, clockMs: number, isHostile = false): SimulatedNode {
    const { tiny, options, maxPayload, wallMs, bootMs } = this.config;
    const config: NodeConfig = {
      name,
      incarnation: incarnationOf(name, (this.#incarnations += 1)),
      options: { ...options, ...(tiny.includes(name) ? TINY : {}) },
      maxPayload,
      isHostile,
      wallMs: wallMs + clockMs,
    };
    const node = new SimulatedNode(config, this.queue, this.broker, this.random, this.checker);
    this.nodes.push(node);
    this.#connections.set(node, { trouble: 'line', attempt: 0 });
    for (const scope of SCOPE_NAMES) this.startScope(node, scope);
    this.#reconnectAfter(node, bootMs, server);
    this.survey();
    return node;
  }

  /** Starts the peer that has been taken over. */
  startAdversary(server: Server, clockMs: number): void {
    const adversary = (this.#adversary ??= new Adversary(ADVERSARY, this.random));
    this.checker.refusedFrames.marks = adversary.marks;
    adversary.takeOver(this.start(ADVERSARY, server, clockMs, true));
  }

  /** The peer that has been taken over does something to a node of that name, and writes as any peer does. */
  attack(how: Attack, victim: string, clockMs: number): void {
    const adversary = this.#adversary;
    const node = adversary?.node;
    if (adversary === undefined || node === undefined) return;
    if (how === 'reborn') {
      this.crash(node, 0);
      return this.startAdversary(this.random.pick(this.broker.servers), clockMs);
    }
    node.scopes.service('s').join('hostile', node.process(0).pid, this.random.below(9));
    const isLife = new Set(this.running.map(({ incarnation }) => incarnation));
    adversary.attack(how, victim, (incarnation) => !isLife.has(incarnation));
  }

  startScope(node: SimulatedNode, scope: ScopeName): void {
    if (node.tableOf(scope) !== undefined || !node.takesPart) return;
    this.checker.model.begins(node, scope, this.queue.now);
    node.scopes.start({ name: scope, keys: SCOPES[scope] });
    this.checker.begins(node, scope);
  }

  stopScope(node: SimulatedNode, scope: ScopeName): void {
    if (node.tableOf(scope) === undefined) return;
    this.checker.ends(node, scope);
    node.scopes.stop(scope);
  }

  /** The process dies; its server notices after `unnoticedMs`. */
  crash(node: SimulatedNode, unnoticedMs: number): void {
    this.checker.endsAll(node);
    node.end();
    this.#closeAfter(node.client.link, unnoticedMs);
    this.survey();
  }

  /** The process says goodbye and ends as soon as its words have left. */
  leave(node: SimulatedNode): void {
    node.leave();
    this.checker.endsAll(node);
    node.end();
    const { link } = node.client;
    if (link !== undefined) this.broker.ping(link, () => this.broker.close(link));
    this.survey();
  }

  freeze(node: SimulatedNode): void {
    node.loop.pause();
    this.survey();
  }

  thaw(node: SimulatedNode): void {
    node.loop.resume();
    this.survey();
  }

  /** The connection breaks: the client notices after `noticeMs` and is away for `awayMs`, the server after `lingerMs`. */
  disconnect(node: SimulatedNode, trouble: Trouble, awayMs: number, noticeMs = 0, lingerMs = 0): void {
    const { link } = node.client;
    if (link === undefined) return;
    link.isReachable = false;
    link.isOpenAtClient = false;
    const connection = this.#connections.get(node)!;
    connection.trouble = trouble;
    this.#closeAfter(link, lingerMs);
    const notice = (): void => {
      if (node.client.link !== link) return;
      node.disconnect();
      this.#reconnectAfter(node, awayMs, undefined);
    };
    if (noticeMs === 0) notice();
    else this.queue.after(noticeMs, notice);
    this.survey();
  }

  killServer(server: Server, downMs: number): void {
    if (!server.alive) return;
    const lost = this.broker.kill(server);
    for (const node of this.running) {
      const { link } = node.client;
      if (link === undefined || !lost.includes(link)) continue;
      // Shorter than rejoinGraceMs, which is what that option is for.
      this.disconnect(node, 'server', this.random.between(0.02, 0.7) * this.config.unitMs);
    }
    this.queue.after(downMs, () => {
      this.broker.revive(server);
      this.survey();
    });
    this.survey();
  }

  /** Everything that can be mended is: from here on nothing goes wrong any more. */
  mend(): void {
    if (this.#adversary?.node !== undefined) this.crash(this.#adversary.node, 0);
    this.broker.faults = NO_FAULTS;
    this.broker.heal();
    for (const server of this.broker.servers) if (!server.alive) this.broker.revive(server);
    for (const node of this.running) {
      if (node.loop.isPaused) node.loop.resume();
      if (node.client.link?.isReachable !== true) {
        if (node.client.link !== undefined) node.disconnect();
        this.#reconnectAfter(node, 0, undefined);
      }
    }
    this.survey();
  }

  /** Tells the checker who can reach whom. To be called after every change. */
  survey(): void {
    this.checker.observe((from, to) => this.#troublesOf(from, to));
  }

  #troublesOf(from: SimulatedNode, to: SimulatedNode): Trouble[] {
    const troubles: Trouble[] = [];
    for (const node of [from, to]) {
      if (node.loop.isPaused) troubles.push('silence');
      const { trouble } = this.#connections.get(node)!;
      if (trouble !== undefined) troubles.push(trouble);
    }
    const [here, there] = [from.client.link?.server, to.client.link?.server];
    if (here !== undefined && there !== undefined) {
      for (const cut of [this.broker.cutBetween(here, there), this.broker.cutBetween(there, here)])
        if (cut !== undefined) troubles.push(cut === 'known' ? 'server' : 'silence');
    }
    if (this.broker.faults.loss > 0) troubles.push('silence');
    return troubles;
  }

  #reconnectAfter(node: SimulatedNode, ms: number, wished: Server | undefined): void {
    const connection = this.#connections.get(node)!;
    const attempt = (connection.attempt += 1);
    this.queue.after(ms, () => {
      if (!node.running || connection.attempt !== attempt) return;
      const alive = this.broker.servers.filter((server) => server.alive);
      const server = wished?.alive ? wished : alive[this.random.below(alive.length)];
      if (server === undefined) return this.#reconnectAfter(node, this.config.unitMs / 20, undefined);
      connection.trouble = undefined;
      node.connect(server, this.random.next());
      this.survey();
    });
  }

  #closeAfter(link: Link | undefined, ms: number): void {
    if (link === undefined) return;
    link.isReachable = false;
    if (ms === 0) this.broker.close(link);
    else this.queue.after(ms, () => this.broker.close(link));
  }
}
