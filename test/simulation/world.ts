import { incarnationOf } from '../../libs/pg-registry/src/wire';
import { Agenda } from './agenda';
import { Broker, FAIR_WEATHER, type Server } from './broker';
import type { Trouble } from './contact';
import { Dice } from './dice';
import { type Attack, Intruder } from './intruder';
import { Judge } from './judge';
import type { Line } from './line';
import { type Setting, TINY } from './setting';
import { type ScopeName, SCOPE_NAMES, SCOPES, SimulatedNode } from './simulated-node';

/** What a node's connection suffers from, beside what it shares with others. */
interface Fate {
  /** Why its connection is gone, or not good; `undefined`: it is good. */
  trouble: Trouble | undefined;
  /** Counts its reconnects, so that one that was put off is not made twice. */
  attempt: number;
}

const INTRUDER = 'm';
/** No message is under way for longer than so many units: weather and duplicates together. */
const LONGEST_WAY = 0.09;
/** After so many units everybody who can be reached knows which scopes run. */
const KNOWN_AFTER = 3;

/**
 * Machines, processes, servers and clients on one virtual clock. Every change of them goes through here, so that the judge
 * always knows who can reach whom.
 */
export class World {
  readonly agenda = new Agenda();
  readonly dice: Dice;
  readonly broker: Broker;
  readonly nodes: SimulatedNode[] = [];
  readonly judge: Judge;
  readonly story: string[] = [];
  readonly #fates = new Map<SimulatedNode, Fate>();
  #incarnations = 0;
  #intruder: Intruder | undefined;

  constructor(
    readonly setting: Setting,
    seed: number,
  ) {
    this.dice = new Dice(seed);
    this.broker = new Broker(this.agenda, this.dice, setting.servers, setting.unitMs);
    this.broker.onlooker = setting.onlooker;
    const log = (line: string): void =>
      void this.story.push(`${this.agenda.now.toFixed(1).padStart(10)} ${line}`);
    this.judge = new Judge(this.agenda, this.nodes, log, {
      longestWayMs: LONGEST_WAY * setting.unitMs,
      knownAfterMs: KNOWN_AFTER * setting.unitMs,
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
    this.story.push(`${this.agenda.now.toFixed(1).padStart(10)} ${line}`);
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.agenda.advance(ms);
  }

  /** Starts a process under a name; it connects a little later. */
  start(name: string, server: Server, clockMs: number, isHostile = false): SimulatedNode {
    const { setting } = this;
    const incarnation = incarnationOf(name, (this.#incarnations += 1));
    const { maxPayload } = setting;
    const options = { ...setting.options, ...(setting.tiny.includes(name) ? TINY : {}) };
    const birth = { name, incarnation, options, maxPayload, isHostile, wallMs: setting.wallMs + clockMs };
    const node = new SimulatedNode(birth, this.agenda, this.broker, this.dice, this.judge);
    this.nodes.push(node);
    this.#fates.set(node, { trouble: 'line', attempt: 0 });
    for (const scope of SCOPE_NAMES) this.startScope(node, scope);
    this.#reconnectAfter(node, setting.bootMs, server);
    this.survey();
    return node;
  }

  /** Starts the peer that has been taken over. */
  startIntruder(server: Server, clockMs: number): void {
    const intruder = (this.#intruder ??= new Intruder(INTRUDER, this.dice));
    this.judge.refusals.marks = intruder.marks;
    intruder.takeOver(this.start(INTRUDER, server, clockMs, true));
  }

  /** The peer that has been taken over does something to a node of that name, and writes as any peer does. */
  attack(how: Attack, victim: string, clockMs: number): void {
    const intruder = this.#intruder;
    const node = intruder?.node;
    if (intruder === undefined || node === undefined) return;
    if (how === 'reborn') {
      this.crash(node, 0);
      return this.startIntruder(this.dice.pick(this.broker.servers), clockMs);
    }
    node.scopes.service('s').join('hostile', node.process(0).pid, this.dice.below(9));
    const isLife = new Set(this.running.map(({ incarnation }) => incarnation));
    intruder.attack(how, victim, (incarnation) => !isLife.has(incarnation));
  }

  startScope(node: SimulatedNode, scope: ScopeName): void {
    if (node.tableOf(scope) !== undefined || !node.takesPart) return;
    this.judge.truth.begins(node, scope, this.agenda.now);
    node.scopes.start({ name: scope, keys: SCOPES[scope] });
    this.judge.begins(node, scope);
  }

  stopScope(node: SimulatedNode, scope: ScopeName): void {
    if (node.tableOf(scope) === undefined) return;
    this.judge.ends(node, scope);
    node.scopes.stop(scope);
  }

  /** The process dies; its server notices after `unnoticedMs`. */
  crash(node: SimulatedNode, unnoticedMs: number): void {
    this.judge.endsAll(node);
    node.end();
    this.#closeAfter(node.client.line, unnoticedMs);
    this.survey();
  }

  /** The process says goodbye and ends as soon as its words have left. */
  leave(node: SimulatedNode): void {
    node.leave();
    this.judge.endsAll(node);
    node.end();
    const { line } = node.client;
    if (line !== undefined) this.broker.pong(line, () => this.broker.close(line));
    this.survey();
  }

  freeze(node: SimulatedNode): void {
    node.turn.pause();
    this.survey();
  }

  thaw(node: SimulatedNode): void {
    node.turn.resume();
    this.survey();
  }

  /** The connection breaks: the client notices after `noticeMs` and is away for `awayMs`, the server after `lingerMs`. */
  disconnect(node: SimulatedNode, trouble: Trouble, awayMs: number, noticeMs = 0, lingerMs = 0): void {
    const { line } = node.client;
    if (line === undefined) return;
    line.isReachable = false;
    line.isOpenAtClient = false;
    const fate = this.#fates.get(node)!;
    fate.trouble = trouble;
    this.#closeAfter(line, lingerMs);
    const notice = (): void => {
      if (node.client.line !== line) return;
      node.disconnect();
      this.#reconnectAfter(node, awayMs, undefined);
    };
    if (noticeMs === 0) notice();
    else this.agenda.after(noticeMs, notice);
    this.survey();
  }

  killServer(server: Server, downMs: number): void {
    if (!server.alive) return;
    const lost = this.broker.kill(server);
    for (const node of this.running) {
      const { line } = node.client;
      if (line === undefined || !lost.includes(line)) continue;
      // Shorter than rejoinGraceMs, which is what that option is for.
      this.disconnect(node, 'server', this.dice.between(0.02, 0.7) * this.setting.unitMs);
    }
    this.agenda.after(downMs, () => {
      this.broker.revive(server);
      this.survey();
    });
    this.survey();
  }

  /** Everything that can be mended is: from here on nothing goes wrong any more. */
  mend(): void {
    if (this.#intruder?.node !== undefined) this.crash(this.#intruder.node, 0);
    this.broker.weather = FAIR_WEATHER;
    this.broker.heal();
    for (const server of this.broker.servers) if (!server.alive) this.broker.revive(server);
    for (const node of this.running) {
      if (node.turn.standsStill) node.turn.resume();
      if (node.client.line?.isReachable !== true) {
        if (node.client.line !== undefined) node.disconnect();
        this.#reconnectAfter(node, 0, undefined);
      }
    }
    this.survey();
  }

  /** Tells the judge who can reach whom. To be called after every change. */
  survey(): void {
    this.judge.observe((from, to) => this.#troublesOf(from, to));
  }

  #troublesOf(from: SimulatedNode, to: SimulatedNode): Trouble[] {
    const troubles: Trouble[] = [];
    for (const node of [from, to]) {
      if (node.turn.standsStill) troubles.push('silence');
      const { trouble } = this.#fates.get(node)!;
      if (trouble !== undefined) troubles.push(trouble);
    }
    const [here, there] = [from.client.line?.server, to.client.line?.server];
    if (here !== undefined && there !== undefined) {
      for (const cut of [this.broker.cutBetween(here, there), this.broker.cutBetween(there, here)])
        if (cut !== undefined) troubles.push(cut === 'known' ? 'server' : 'silence');
    }
    if (this.broker.weather.loss > 0) troubles.push('silence');
    return troubles;
  }

  #reconnectAfter(node: SimulatedNode, ms: number, wished: Server | undefined): void {
    const fate = this.#fates.get(node)!;
    const attempt = (fate.attempt += 1);
    this.agenda.after(ms, () => {
      if (!node.running || fate.attempt !== attempt) return;
      const alive = this.broker.servers.filter((server) => server.alive);
      const server = wished?.alive ? wished : alive[this.dice.below(alive.length)];
      if (server === undefined) return this.#reconnectAfter(node, this.setting.unitMs / 20, undefined);
      fate.trouble = undefined;
      node.connect(server, this.dice.roll());
      this.survey();
    });
  }

  #closeAfter(line: Line | undefined, ms: number): void {
    if (line === undefined) return;
    line.isReachable = false;
    if (ms === 0) this.broker.close(line);
    else this.agenda.after(ms, () => this.broker.close(line));
  }
}
