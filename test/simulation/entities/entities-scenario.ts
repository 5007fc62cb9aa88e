import { setImmediate as turn } from 'node:timers/promises';
import { ranked } from '../../../libs/pg-registry/src/entities/placement';
import { LocalLeases } from '../../../libs/pg-registry/src/transport/local/local-leases';
import { SeededRandom } from '../../support/seeded-random';
import { EventQueue } from '../../support/virtual-network/event-queue';
import { NO_FAULTS, VirtualBroker } from '../../support/virtual-network/virtual-broker';
import { AsyncContexts } from './async-contexts';
import { drawConfig, type EntitiesConfig, TTL_MS } from './entities-config';
import { EntityCalls } from './entity-calls';
import { EntityJournal, type EntityLife, nameOf } from './entity-journal';
import { EntityNode } from './entity-node';

const WALL_MS = 1_700_000_000_000;
const SERVERS = ['s0', 's1', 's2'];
/** How long a call may take when everything has settled. */
const SURE_MS = 10_000;
const MOST_HOSTS = 4;
/** How long after the last fault all nodes see each other at the latest, in milliseconds. */
const CALM_MS = 20_000;
/** How long the cluster has to settle after the last fault. */
const SETTLE_MS = { fair: 12_000, connected: 15_000, faulty: 30_000 };

/** What came of a history. */
export interface EntitiesOutcome {
  readonly violation: string | undefined;
  readonly calls: number;
  readonly answered: number;
  readonly starts: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
}

/**
 * Runs a history of entities: nodes that call and host them, and what happens to nodes and to the network. One seed makes one history. What
 * must hold at every step is in {@link EntityJournal} and {@link EntityCalls}. And:
 *
 * 3. When everything has settled, every key that is called has one living entity; all nodes know it, and a new life begins at its place.
 * 5. Every call ends in time, and none before because nodes do not agree where its entity is. When everything has settled, every call is answered: nothing waits for ever.
 * 7. Where the network works, no entity ends as a duplicate or loses its lease, and none moves or shuts down unless somebody wanted that.
 * 8. In a fair history no call fails, and every entity has executed, in its lives, all calls of its key.
 *
 * @param steps How many random events it has.
 */
export async function runEntitiesScenario(seed: number, steps: number): Promise<EntitiesOutcome> {
  const contexts = new AsyncContexts();
  try {
    return await new EntitiesScenario(seed).run(steps);
  } finally {
    contexts.end();
  }
}

class EntitiesScenario {
  readonly #random: SeededRandom;
  readonly #config: EntitiesConfig;
  readonly #queue = new EventQueue();
  readonly #broker: VirtualBroker;
  readonly #leases: LocalLeases;
  readonly #journal: EntityJournal;
  readonly #calls: EntityCalls;
  readonly #nodes: EntityNode[] = [];
  readonly #lines: string[] = [];
  #violation: string | undefined;
  #names = 0;
  /** Whether somebody has asked for a move. */
  #isMoveWanted = false;
  #faults = 0;
  #calmSince = 0;
  #hasSettled = false;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#config = drawConfig(random);
    const queue = this.#queue;
    this.#broker = new VirtualBroker({
      queue,
      random: new SeededRandom(seed ^ 0x5eed),
      servers: SERVERS,
      latency: { meanMs: random.pick([0.5, 5, 30]), spread: 0.8 },
      unitMs: 2000,
    });
    this.#leases = new LocalLeases({ monotonic: () => queue.now, wall: () => WALL_MS + queue.now });
    const fail = (what: string): void => this.#fail(what);
    const now = (): number => queue.now;
    const { kind, options } = this.#config;
    const isTakenOver = kind === 'faulty' && options.names !== false && options.names?.takeover === 'crash';
    this.#journal = new EntityJournal({
      now,
      overlapMs: isTakenOver ? TTL_MS : 0,
      calmSince: () => (this.#faults > 0 ? Infinity : this.#calmSince),
      log: (line) => this.#log(line),
      fail,
      onExit: (life) => this.#checkEnd(life),
    });
    this.#calls = new EntityCalls({
      now,
      fail,
      log: (line) => this.#log(line),
      journal: this.#journal,
      config: this.#config,
    });
  }

  async run(steps: number): Promise<EntitiesOutcome> {
    const { hosts, hasCaller } = this.#config;
    this.#log(JSON.stringify(this.#config));
    for (let host = 0; host < hosts; host += 1) this.#join();
    if (hasCaller) this.#start('caller', false);
    await this.#advance(5000);
    for (let step = 0; step < steps && this.#violation === undefined; step += 1) {
      this.#act();
      await this.#advance(
        this.#random.weighted([
          [5, 5],
          [5, 300],
          [2, 3000],
        ]) * this.#random.next(),
      );
    }
    if (this.#violation === undefined) await this.#settle();
    const { starts, ends } = this.#journal;
    const { made, answered } = this.#calls;
    for (const node of this.#nodes) node.crash();
    return { violation: this.#violation, calls: made, answered, starts, ends, lines: this.#lines };
  }

  get #running(): readonly EntityNode[] {
    return this.#nodes.filter(({ isRunning, loop }) => isRunning && !loop.isPaused);
  }

  get #hosts(): readonly EntityNode[] {
    return this.#running.filter(({ name }) => name !== 'caller');
  }

  #act(): void {
    const { kind } = this.#config;
    const isFair = kind === 'fair';
    const isFaulty = kind === 'faulty';
    this.#random.weighted<readonly [number, () => void]>([
      [14, [0, () => this.#call()]],
      [2, [0, () => this.#leave()]],
      [2, [0, () => this.#join()]],
      [2, [0, () => this.#move()]],
      [1, [0, () => this.#stop()]],
      [1, [0, () => this.#rebalance()]],
      [1, [0, () => this.#passIdleTime()]],
      [isFair ? 0 : 2, [0, () => this.#crash()]],
      [isFaulty ? 2 : 0, [0, () => this.#cut()]],
      [isFaulty ? 2 : 0, [0, () => this.#pause()]],
      [isFaulty ? 1 : 0, [0, () => this.#lose()]],
    ])[1]();
  }

  #call(): void {
    const running = this.#running;
    if (running.length === 0) return;
    const type = this.#random.pick(Object.keys(this.#config.types));
    const key = this.#random.pick(this.#config.keys);
    const isCrowd = this.#random.chance(0.3);
    for (let left = isCrowd ? 2 + this.#random.below(8) : 1; left > 0; left -= 1)
      this.#calls.make(this.#random.pick(running), type, key, 5000);
  }

  #join(): void {
    if (this.#nodes.filter(({ name, isAlive }) => isAlive && name !== 'caller').length >= MOST_HOSTS) return;
    this.#names += 1;
    // Some come back under a name that they had.
    const gone = Array.from({ length: this.#names - 1 }, (_, i) => `n${i + 1}`).filter(
      (name) => !this.#nodes.some((node) => node.isAlive && node.name === name),
    );
    this.#start(
      gone.length > 0 && this.#random.chance(0.7) ? this.#random.pick(gone) : `n${this.#names}`,
      true,
    );
  }

  #start(name: string, isHost: boolean): void {
    const { options, types, work, failingStarts } = this.#config;
    const [first, ...others] = this.#broker.servers;
    const node = new EntityNode(name, options, isHost ? types : {}, {
      queue: this.#queue,
      broker: this.#broker,
      server: this.#random.pick([first, ...others]),
      store: { server: first, leases: this.#leases },
      random: new SeededRandom(this.#random.below(2 ** 31)),
      journal: this.#journal,
      work,
      failsToStart: () => !this.#hasSettled && this.#random.chance(failingStarts),
      wallMs: WALL_MS,
      onTurnEnd: () => undefined,
    });
    this.#log(`${name} starts`);
    this.#nodes.push(node);
    void node.start();
  }

  #leave(): void {
    const hosts = this.#hosts;
    if (hosts.length < 2) return;
    const node = this.#random.pick(hosts);
    this.#log(`${node.name} leaves`);
    void node.leave().then(() => this.#log(`${node.name} has left`));
  }

  #crash(): void {
    if (this.#hosts.length === 0) return;
    const node = this.#random.pick(this.#hosts);
    this.#log(`${node.name} crashes`);
    node.crash();
  }

  #move(): void {
    const [from] = this.#random.shuffled(this.#running);
    const [to] = this.#random.shuffled(this.#hosts);
    if (from === undefined || to === undefined) return;
    const type = this.#random.pick(Object.keys(this.#config.types));
    const key = this.#random.pick(this.#config.keys);
    this.#isMoveWanted = true;
    this.#log(`${from.name} moves ${type} ${key} to ${to.name}`);
    this.#watch(from, from.node.entities.move(type, key, to.name), `${type} ${key} moved to ${to.name}`);
  }

  #stop(): void {
    const [from] = this.#random.shuffled(this.#running);
    if (from === undefined) return;
    const type = this.#random.pick(Object.keys(this.#config.types));
    const key = this.#random.pick(this.#config.keys);
    this.#log(`${from.name} stops ${type} ${key}`);
    this.#watch(from, from.node.entities.stop(type, key), `${type} ${key} stopped`);
  }

  #rebalance(): void {
    const [from] = this.#random.shuffled(this.#hosts);
    if (from === undefined) return;
    this.#isMoveWanted = true;
    const type = this.#random.pick(Object.keys(this.#config.types));
    this.#log(`${from.name} rebalances ${type}`);
    this.#watch(from, from.node.entities.rebalance(type), `${type} rebalanced`);
  }

  #passIdleTime(): void {
    const [node] = this.#random.shuffled(this.#hosts);
    node?.node.passIdleTime(30_000);
  }

  /** An operator's wish may fail where its node, or the other one, goes. */
  #watch(from: EntityNode, wish: Promise<unknown>, what: string): void {
    wish.then(
      (outcome) => this.#log(`${what}: ${String(outcome)}`),
      (error: unknown) => this.#log(`not ${what}, says ${from.name}: ${String(error).slice(0, 200)}`),
    );
  }

  #cut(): void {
    const [a, b] = this.#random.shuffled(this.#broker.servers);
    const how = this.#random.pick(['known', 'silent'] as const);
    this.#log(`${a.name} and ${b.name} are cut, ${how}`);
    this.#broker.cut(a, b, how);
    this.#broker.cut(b, a, how);
    this.#fault(this.#random.between(100, 20_000), () => this.#broker.heal());
  }

  #pause(): void {
    if (this.#hosts.length === 0) return;
    const node = this.#random.pick(this.#hosts);
    this.#log(`${node.name} stands still`);
    node.loop.pause();
    this.#fault(this.#random.between(10, 9000), () => node.loop.isPaused && node.loop.resume());
  }

  #lose(): void {
    const loss = this.#random.pick([0.02, 0.2, 0.6]);
    this.#log(`${loss} of all messages are lost`);
    this.#broker.faults = { ...NO_FAULTS, loss };
    this.#fault(this.#random.between(100, 6000), () => (this.#broker.faults = NO_FAULTS));
  }

  #fault(ms: number, end: () => void): void {
    this.#faults += 1;
    this.#queue.after(ms, () => {
      end();
      this.#faults -= 1;
      this.#calmSince = this.#queue.now + CALM_MS;
      this.#log('a fault ends');
    });
  }

  // Checks

  /** Invariant 7. */
  #checkEnd(life: EntityLife): void {
    const { reason } = life;
    const isLeaving = !life.isNodeRunning();
    if (this.#config.kind === 'faulty') return;
    if (reason === 'duplicate' || reason === 'lost') this.#fail(`7: ${nameOf(life)} ended with '${reason}'`);
    if (reason === 'moved' && !isLeaving && !this.#isMoveWanted) this.#fail(`7: ${nameOf(life)} moved`);
    if (reason === 'shutdown' && !isLeaving) this.#fail(`7: ${nameOf(life)} shut down`);
  }

  /** Ends all faults, waits, and looks at what is left. */
  async #settle(): Promise<void> {
    this.#broker.heal();
    this.#broker.faults = NO_FAULTS;
    for (const { loop } of this.#nodes) if (loop.isPaused) loop.resume();
    this.#log('everything settles');
    await this.#advance(SETTLE_MS[this.#config.kind]);
    this.#hasSettled = true;
    if (this.#hosts.length === 0) {
      this.#join();
      await this.#advance(10_000);
    }
    this.#calls.checkSettled();
    await this.#callAll();
    if (this.#violation !== undefined) return;
    await this.#checkLiving();
    this.#calls.checkEnds();
    if (this.#config.kind === 'fair') this.#checkStates();
    if (this.#violation === undefined) await this.#checkPlaces();
  }

  /** Every node calls every key, and is answered. */
  async #callAll(): Promise<void> {
    this.#calls.isSure = true;
    for (const type of Object.keys(this.#config.types))
      for (const key of this.#config.keys)
        for (const node of this.#running) this.#calls.make(node, type, key, SURE_MS);
    const end = this.#queue.now + SURE_MS;
    while (this.#violation === undefined && this.#calls.open > 0 && this.#queue.now < end)
      await this.#advance(200);
    this.#calls.checkSettled();
  }

  /** Invariant 3. */
  async #checkLiving(): Promise<void> {
    let wrong: string | undefined;
    // Some have become idle in this moment, and not all nodes know that.
    for (let looks = 0; looks < 3; looks += 1) {
      await this.#advance(1000);
      wrong = this.#wrongAboutLiving();
      if (wrong === undefined) return;
    }
    this.#fail(`3: ${wrong}`);
  }

  /** Says which entity does not live once, or is not known to all nodes. */
  #wrongAboutLiving(): string | undefined {
    const { types, keys } = this.#config;
    for (const [type, { idleMs, maxPerNode }] of Object.entries(types)) {
      for (const key of keys) {
        const living = this.#journal.living(type, key).filter(({ reason }) => reason === undefined);
        const mayBeNone = idleMs !== Infinity || maxPerNode !== undefined;
        if (living.length > 1 || (living.length === 0 && !mayBeNone))
          return `${living.length} of ${type} ${key} live: ${living.map(nameOf).join(', ') || 'none'}`;
        const known = new Set(this.#running.map(({ node }) => String(node.entities.find(type, key))));
        if (known.size !== 1) return `nodes disagree about ${type} ${key}: ${Array.from(known).join(', ')}`;
        const entries = this.#running.map(({ node }) => node.scope('pg.entities').lookup([type, key]).length);
        if (entries.some((count) => count !== living.length))
          return `nodes know ${entries.join(', ')} entries of ${type} ${key}, of which ${living.length} live`;
      }
    }
    return undefined;
  }

  /** Invariant 8. */
  #checkStates(): void {
    for (const type of Object.keys(this.#config.types)) {
      for (const key of this.#config.keys) {
        const last = this.#journal.lives.findLast((life) => life.type === type && life.key === key);
        const expected = this.#calls.executedOf(type, key);
        const found = last?.executed.toSorted((a, b) => a - b) ?? [];
        if (String(found) !== String(expected))
          this.#fail(
            `8: ${type} ${key} has executed ${expected.join(' ')}, and its last life has ${found.join(' ')}`,
          );
      }
    }
  }

  /** Ends every entity; the next life of each begins at its place. */
  async #checkPlaces(): Promise<void> {
    const [from] = this.#running;
    const stopped = Object.keys(this.#config.types).flatMap((type) =>
      this.#config.keys.map((key) => from.node.entities.stop(type, key)),
    );
    void Promise.allSettled(stopped);
    await this.#advance(5000);
    await this.#callAll();
    for (const [type, { placement, maxPerNode }] of Object.entries(this.#config.types)) {
      if (placement === 'local' || maxPerNode !== undefined) continue;
      for (const key of this.#config.keys) {
        const [best] = ranked(type, key, from.node.entities.hosts(type));
        const found = this.#journal.lives.findLast((life) => life.type === type && life.key === key);
        if (found?.node !== best?.node)
          this.#fail(`3: ${found && nameOf(found)} was started there; its place is ${best?.node}`);
      }
    }
  }

  async #advance(ms: number): Promise<void> {
    const end = this.#queue.now + ms;
    while (this.#violation === undefined && this.#queue.runNext(end)) await turn();
  }

  #log(line: string): void {
    this.#lines.push(`${this.#queue.now.toFixed(1)} ${line}`);
  }

  #fail(what: string): void {
    this.#violation ??= what;
    this.#log(`VIOLATION ${what}`);
  }
}
