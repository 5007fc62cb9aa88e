import { incarnationOf, OWN_VERSIONS } from '../../libs/pg-registry/src/wire';
import { EventQueue } from '../support/virtual-network/event-queue';
import { VirtualBroker, NO_FAULTS } from '../support/virtual-network/virtual-broker';
import type { Fault } from './reachability';
import { SeededRandom } from '../support/seeded-random';
import { type Attack, Adversary } from './adversary';
import { Checker } from './checker';
import type { Link, Server } from '../support/virtual-network/link';
import { type ClusterConfig, TINY } from './cluster-config';
import {
  type NodeConfig,
  PROCESSES,
  type ScopeName,
  SCOPE_NAMES,
  SCOPES,
  SimulatedNode,
} from './simulated-node';

/** The state of one node's connection, apart from faults that it shares with other nodes. */
interface ConnectionState {
  /** Why the connection is broken; `undefined` if it is not. */
  fault: Fault | undefined;
  /** Counts reconnects, so that a delayed one does not run twice. */
  attempt: number;
}

const ADVERSARY = 'm';
const LATENCY = { meanMs: 0.3, spread: 1 };
/** The longest that a message takes, delays and duplicates included, in time units. */
const LONGEST_WAY = 0.09;
/** How long reachable nodes take to learn which scopes run, in time units. */
const KNOWN_AFTER = 3;

/**
 * Processes, servers and clients on one virtual clock. Every fault goes through this class, so that the checker always knows
 * which nodes can reach each other.
 */
export class SimulatedCluster {
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly broker: VirtualBroker;
  readonly nodes: SimulatedNode[] = [];
  readonly checker: Checker;
  readonly lines: string[] = [];
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
      void this.lines.push(`${this.queue.now.toFixed(1).padStart(10)} ${line}`);
    this.checker = new Checker(this.queue, this.nodes, log, {
      longestWayMs: LONGEST_WAY * config.unitMs,
      knownAfterMs: KNOWN_AFTER * config.unitMs,
    });
  }

  /** Nodes whose process is running, paused ones included. */
  get running(): SimulatedNode[] {
    return this.nodes.filter((node) => node.running);
  }

  /** Running nodes that are not hostile. */
  get honest(): SimulatedNode[] {
    return this.nodes.filter((node) => node.running && !node.isHostile);
  }

  /** Nodes that belong to the cluster. */
  get members(): SimulatedNode[] {
    return this.nodes.filter((node) => node.isMember);
  }

  log(line: string): void {
    this.lines.push(`${this.queue.now.toFixed(1).padStart(10)} ${line}`);
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.queue.advance(ms);
  }

  /** Starts a node, which connects a little later. */
  start(name: string, server: Server, clockMs: number, isHostile = false): SimulatedNode {
    const { tiny, options, maxPayload, rowsPerTurn, deliveriesPerTurn, wallMs, bootMs } = this.config;
    const config: NodeConfig = {
      name,
      incarnation: incarnationOf(name, (this.#incarnations += 1)),
      options: { ...options, ...(tiny.includes(name) ? TINY : {}) },
      maxPayload,
      rowsPerTurn,
      deliveriesPerTurn,
      isHostile,
      versions: this.config.oldNames?.includes(name) ? { min: 1, max: 1 } : OWN_VERSIONS,
      wallMs: wallMs + clockMs,
    };
    const node = new SimulatedNode(config, this.queue, this.broker, this.random, this.checker);
    this.nodes.push(node);
    this.#connections.set(node, { fault: 'connection', attempt: 0 });
    for (const scope of SCOPE_NAMES) this.startScope(node, scope);
    this.#reconnectAfter(node, bootMs, server);
    this.updateReachability();
    return node;
  }

  /** Starts the hostile peer. */
  startAdversary(server: Server, clockMs: number): void {
    const adversary = (this.#adversary ??= new Adversary(ADVERSARY, this.random));
    this.checker.refusedFrames.expectations = adversary.expectations;
    this.checker.forgedGoodbyes = adversary.impersonations.forgedGoodbyes;
    this.checker.forgedNamesakes = adversary.impersonations.forgedNamesakes;
    adversary.takeOver(this.start(ADVERSARY, server, clockMs, true));
  }

  /** The hostile peer attacks the node of that name, and writes an entry as any peer does. */
  attack(how: Attack, victim: string, clockMs: number): void {
    const adversary = this.#adversary;
    const node = adversary?.node;
    if (adversary === undefined || node === undefined) return;
    if (how === 'restart') {
      this.crash(node, 0);
      return this.startAdversary(this.random.pick(this.broker.servers), clockMs);
    }
    node.scopes.service('s').join('hostile', node.process(0).pid, this.random.below(9));
    if (how === 'conversation') this.#talkTo(node);
    const isLife = new Set(this.running.map(({ incarnation }) => incarnation));
    adversary.attack(how, victim, (incarnation) => !isLife.has(incarnation));
  }

  /** All others call and watch processes of the hostile peer. */
  #talkTo(hostile: SimulatedNode): void {
    const { callChecks } = this.checker;
    for (const from of this.honest) {
      if (!from.isMember || !from.isAwake) continue;
      const process = hostile.process(this.random.below(PROCESSES));
      callChecks.watch(from, hostile, process);
      for (let calls = this.random.below(4); calls > 0; calls -= 1) {
        const timeoutMs = this.random.pick([50, 1000, 3000]);
        callChecks.call(from, hostile, process, { holdMs: this.random.pick([0, 10, 300]), timeoutMs });
      }
    }
  }

  startScope(node: SimulatedNode, scope: ScopeName): void {
    if (node.tableOf(scope) !== undefined || !node.isMember) return;
    this.checker.model.scopeStarted(node, scope, this.queue.now);
    node.scopes.start({ name: scope, keys: SCOPES[scope] });
    this.checker.scopeStarted(node, scope);
  }

  stopScope(node: SimulatedNode, scope: ScopeName): void {
    if (node.tableOf(scope) === undefined) return;
    this.checker.scopeStopped(node, scope);
    node.scopes.stop(scope);
  }

  /** Kills a process; its server notices after `unnoticedMs`. */
  crash(node: SimulatedNode, unnoticedMs: number): void {
    this.checker.nodeEnded(node);
    node.end();
    this.#closeAfter(node.client.link, unnoticedMs);
    this.updateReachability();
  }

  /** Says goodbye; the process ends when the goodbye has left it. */
  leave(node: SimulatedNode): void {
    node.leave();
    this.checker.nodeEnded(node);
    node.end();
    const { link } = node.client;
    if (link !== undefined) this.broker.ping(link, () => this.broker.close(link));
    this.updateReachability();
  }

  freeze(node: SimulatedNode): void {
    node.loop.pause();
    this.updateReachability();
  }

  thaw(node: SimulatedNode): void {
    node.loop.resume();
    this.updateReachability();
  }

  /** Breaks a connection. The client notices after `noticeMs` and reconnects after `awayMs`; the server notices after `lingerMs`. */
  disconnect(node: SimulatedNode, fault: Fault, awayMs: number, noticeMs = 0, lingerMs = 0): void {
    const { link } = node.client;
    if (link === undefined) return;
    link.isReachable = false;
    link.isOpenAtClient = false;
    const connection = this.#connections.get(node)!;
    connection.fault = fault;
    this.#closeAfter(link, lingerMs);
    const notice = (): void => {
      if (node.client.link !== link) return;
      node.disconnect();
      this.#reconnectAfter(node, awayMs, undefined);
    };
    if (noticeMs === 0) notice();
    else this.queue.after(noticeMs, notice);
    this.updateReachability();
  }

  killServer(server: Server, downMs: number): void {
    if (!server.alive) return;
    const lost = this.broker.kill(server);
    for (const node of this.running) {
      const { link } = node.client;
      if (link === undefined || !lost.includes(link)) continue;
      // Shorter than rejoinGraceMs: that option is for this case.
      this.disconnect(node, 'server', this.random.between(0.02, 0.7) * this.config.unitMs);
    }
    this.queue.after(downMs, () => {
      this.broker.revive(server);
      this.updateReachability();
    });
    this.updateReachability();
  }

  /** Whether the hostile peer still runs. */
  get isUnderAttack(): boolean {
    return this.#adversary?.node !== undefined;
  }

  /** Ends the hostile peer. */
  endAdversary(): void {
    if (this.#adversary?.node !== undefined) this.crash(this.#adversary.node, 0);
  }

  /** Ends every fault for good. The hostile peer goes on. */
  endAllFaults(): void {
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
    this.updateReachability();
  }

  /** Tells the checker which nodes can reach each other. Call it after every change. */
  updateReachability(): void {
    this.checker.updateReachability((from, to) => this.#faultsBetween(from, to));
  }

  #faultsBetween(from: SimulatedNode, to: SimulatedNode): Fault[] {
    const faults: Fault[] = [];
    for (const node of [from, to]) {
      if (node.loop.isPaused) faults.push('silence');
      const { fault } = this.#connections.get(node)!;
      if (fault !== undefined) faults.push(fault);
    }
    const [here, there] = [from.client.link?.server, to.client.link?.server];
    if (here !== undefined && there !== undefined) {
      for (const cut of [this.broker.cutBetween(here, there), this.broker.cutBetween(there, here)])
        if (cut !== undefined) faults.push(cut === 'known' ? 'server' : 'silence');
    }
    if (this.broker.faults.loss > 0) faults.push('silence');
    return faults;
  }

  #reconnectAfter(node: SimulatedNode, ms: number, wished: Server | undefined): void {
    const connection = this.#connections.get(node)!;
    const attempt = (connection.attempt += 1);
    this.queue.after(ms, () => {
      if (!node.running || connection.attempt !== attempt) return;
      const alive = this.broker.servers.filter((server) => server.alive);
      const server = wished?.alive ? wished : alive[this.random.below(alive.length)];
      if (server === undefined) return this.#reconnectAfter(node, this.config.unitMs / 20, undefined);
      connection.fault = undefined;
      node.connect(server, this.random.next());
      this.updateReachability();
    });
  }

  #closeAfter(link: Link | undefined, ms: number): void {
    if (link === undefined) return;
    link.isReachable = false;
    if (ms === 0) this.broker.close(link);
    else this.queue.after(ms, () => this.broker.close(link));
  }
}
