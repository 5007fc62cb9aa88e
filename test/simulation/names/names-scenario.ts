import { decodeRecord } from '../../../libs/pg-registry/src/names/lease/lease-records';
import type { LeaseEffect } from '../../../libs/pg-registry/src/names/lease/lease-effect';
import type { StoreRequest } from '../../../libs/pg-registry/src/names/lease/store-requests';
import type {
  LeaseReadOutcome,
  LeaseWrite,
  LeaseWriteOutcome,
} from '../../../libs/pg-registry/src/names/lease-store';
import { DEFAULT_VALUE_LIMITS, type Key, PidInterner } from '../../../libs/pg-registry/src/term';
import { SeededRandom } from '../../support/seeded-random';
import type { Holding } from '../../../libs/pg-registry/src/names/lease/contest-deps';
import { DriftingClock, SimulatedHolder } from './simulated-holder';
import { SimulatedStore, type StoreChange } from './simulated-store';
import { type LifeKnown, SimulatedStream, type Ways } from './simulated-stream';

/**
 * A history of names: nodes that hold and want keys, a store, and faults of both. One seed makes one history. What must hold at
 * every step:
 *
 * 1. Never two nodes believe that they hold a key, by their own clocks, while the store keeps what it acknowledged.
 * 2. Tokens of a key rise with each holder, also over a store that was made anew; a holder is told that of the write that made its claim.
 * 3. A session that is over is fenced before any of its keys is taken.
 * 4. A guarded register, which takes a write only with the highest token, never refuses a holder that believes, and never goes back.
 *
 * And when the faults have ended:
 *
 * 5. Every key that a living node wants has a holder.
 * 6. Every unknown outcome is settled: no record names a living session for a key that its node does not hold.
 *
 * 8. A node that has seen the store lose records takes no key until every session of before must be over.
 *
 * In a fair history nothing fails, all nodes want one key, and: 7. no node loses more than 20 × nodes times in a row.
 */
export interface NamesOutcome {
  readonly violation: string | undefined;
  readonly elections: number;
  readonly takeovers: number;
  readonly lines: readonly string[];
}

const CONFIRM_MS = 1000;
const KEYS = ['a', 'b', 'c'];
/** How likely a step begins the end of a life of the store, in a history that is about that: names are refused for a time after each. */
const REMAKES = 0.05;
/** So many claims and releases come around such an end, within so many milliseconds. */
const BUSTLE = 400;
const BUSTLE_MS = 1000;
/** Clocks of this drift, fast or slow, are what `maxClockDrift: 0.05` allows. */
const DRIFT = 0.048;

/** What a history is about. */
export interface NamesHistoryKind {
  /** Whether the store is made anew again and again, and nothing else is done to its records. */
  readonly isRemade: boolean;
  readonly lifeKnown: LifeKnown;
  /** False: claims trust the life of the store that the node saw last, which breaks invariant 2. */
  readonly isLifeChecked: boolean;
}

/** Everything happens. A node knows at each answer which life of the store it comes from. */
export const ANY_HISTORY: NamesHistoryKind = { isRemade: false, lifeKnown: 'always', isLifeChecked: true };
/** The store is made anew while nodes claim, and they learn of it only when they ask. */
export const REMADE_HISTORY: NamesHistoryKind = {
  isRemade: true,
  lifeKnown: 'when-asked',
  isLifeChecked: true,
};

/** Runs one history. @param steps How many random events it has */
export function runNamesScenario(seed: number, steps: number, kind = ANY_HISTORY): NamesOutcome {
  return new NamesScenario(seed, kind).run(steps);
}

class NamesScenario {
  readonly #random: SeededRandom;
  readonly #kind: NamesHistoryKind;
  /** Draws when the store is made anew in a history that is about that. */
  readonly #remakes: SeededRandom;
  readonly #store: SimulatedStore;
  readonly #nodes: SimulatedHolder[] = [];
  readonly #ttlMs: number;
  readonly #takeover: 'lease' | 'crash';
  /** Whether the store may lose what it acknowledged: then two may believe, and only tokens are promised. */
  readonly #losesRecords: boolean;
  /** Whether the store went back to an older copy of itself: then tokens may come again, too. */
  #wasSetBack = false;
  readonly #isFair: boolean;
  /**
   * Draws when clocks are set, and how far. In a history either machines sleep or clocks are set back: a machine whose clock is set back by as long as
   * it slept cannot tell.
   */
  readonly #clocks: SeededRandom;
  readonly #machinesSleep: boolean;
  /** With one, the end of a session is told key by key, as with very many keys. */
  readonly #mostEndsInStep: number | undefined;
  readonly #lossRate: number;
  /** Draws in which order the store does what came together. */
  readonly #orders: SeededRandom;
  readonly #queue: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  readonly #highest = new Map<string, number>();
  /** The processes of all claims that were made in the store, with their tokens. */
  readonly #made = new Set<string>();
  readonly #register = new Map<string, number>();
  readonly #lossesInRow = new Map<string, number>();
  readonly #pids = new PidInterner();
  readonly lines: string[] = [];
  #time = 0;
  #order = 0;
  #lives = 0;
  #storeUp = true;
  #faults = true;
  #violation: string | undefined;
  #elections = 0;

  constructor(seed: number, kind: NamesHistoryKind) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#kind = kind;
    this.#remakes = new SeededRandom(seed ^ 0x2e3a_de17);
    this.#clocks = new SeededRandom(seed ^ 0x5e7c10c4);
    this.#machinesSleep = this.#clocks.chance(0.5);
    this.#mostEndsInStep = seed % 4 === 3 ? 1 : undefined;
    this.#orders = new SeededRandom(seed ^ 0x0de25);
    this.#ttlMs = random.pick([1000, 3000, 10_000]);
    this.#takeover = random.pick(['lease', 'crash']);
    this.#isFair = random.chance(0.1) && !kind.isRemade;
    this.#losesRecords = (!this.#isFair && random.chance(0.15)) || kind.isRemade;
    this.#lossRate = this.#isFair ? 0 : random.pick(kind.isRemade ? [0, 0.02] : [0, 0.02, 0.15, 0.4]);
    this.#store = new SimulatedStore(
      () => this.#time,
      (change) => this.#checkChange(change),
    );
    const nodes = 2 + random.below(4);
    for (let index = 0; index < nodes; index += 1) this.#start(`n${index}`);
  }

  run(steps: number): NamesOutcome {
    if (this.#isFair) for (const node of this.#nodes) this.#run(node, node.campaign('a', false, this.#time));
    for (let step = 0; step < steps && this.#violation === undefined; step += 1) {
      if (!this.#isFair) this.#act();
      else this.#fairAct();
      if (this.#kind.isRemade && this.#remakes.chance(REMAKES)) this.#remakeInABustle();
      if (!this.#isFair && this.#clocks.chance(0.03)) this.#setClock(this.#clocks.pick(this.#nodes));
      this.#advance(
        this.#random.weighted([
          [6, 5],
          [3, this.#ttlMs / 10],
          [1, this.#ttlMs / 2],
        ]) * this.#random.next(),
      );
    }
    if (!this.#isFair) this.#settle();
    const takeovers = this.#nodes.reduce((sum, { leases }) => sum + leases.fenced, 0);
    return { violation: this.#violation, elections: this.#elections, takeovers, lines: this.lines };
  }

  /** A holder works for a moment and releases; then it wants the key again. */
  #fairAct(): void {
    for (const node of this.#nodes) {
      if (!node.told.has('a')) continue;
      this.#run(node, node.leases.release('a', 'released', node.clock.at(this.#time)));
      this.#run(node, node.campaign('a', false, this.#time));
    }
  }

  #act(): void {
    const random = this.#random;
    const node = random.pick(this.#nodes);
    const key = random.pick(KEYS);
    const now = node.clock.at(this.#time);
    random.weighted<readonly [number, () => void]>([
      [10, [0, () => this.#ifRunning(node, () => this.#want(node, key, false))]],
      [4, [0, () => this.#ifRunning(node, () => this.#want(node, key, true))]],
      [5, [0, () => this.#ifRunning(node, () => this.#run(node, node.leases.release(key, 'released', now)))]],
      [3, [0, () => this.#ifRunning(node, () => this.#withdraw(node, key))]],
      [3, [0, () => this.#ifRunning(node, () => this.#run(node, node.leases.update(key, 1, 'v', now)))]],
      [2, [0, () => this.#crash(node)]],
      [1, [0, () => this.#leave(node)]],
      [2, [0, () => this.#stall(node)]],
      [2, [0, () => this.#cut(node)]],
      [1, [0, () => this.#sleep(node)]],
      [1, [0, () => this.#restartStore()]],
      [this.#losesRecords && !this.#kind.isRemade ? 1 : 0, [0, () => this.#damageStore()]],
    ])[1]();
  }

  #want(node: SimulatedHolder, key: string, once: boolean): void {
    if (node.told.has(key) || node.wanted.has(key)) return;
    this.#run(node, node.campaign(key, once, this.#time));
  }

  #withdraw(node: SimulatedHolder, key: string): void {
    node.wanted.delete(key);
    this.#run(node, node.leases.withdraw(key, node.clock.at(this.#time)));
  }

  #start(name: string): void {
    this.#lives += 1;
    const incarnation = this.#lives.toString(16).padStart(16, '0');
    const clock = new DriftingClock(this.#random, DRIFT);
    const options = {
      ttlMs: this.#ttlMs,
      takeover: this.#takeover,
      maxClockDrift: 0.05,
      disconnectedMs: CONFIRM_MS / 2,
    };
    this.#nodes.push(
      new SimulatedHolder(name, incarnation, clock, this.#random, options, this.#mostEndsInStep),
    );
  }

  #crash(node: SimulatedHolder): void {
    this.#log(`${node.name} crashes`);
    this.#end(node);
    this.#departed(node, 'crash', CONFIRM_MS);
  }

  /** Ends in order: claims end first, and the goodbye comes last. */
  #leave(node: SimulatedHolder): void {
    if (node.stalled) return;
    this.#log(`${node.name} leaves`);
    this.#run(node, node.leases.stop(node.clock.at(this.#time)));
    this.#later(this.#random.between(1, 50), () => {
      if (!node.alive) return;
      this.#end(node);
      this.#departed(node, 'goodbye', 1);
    });
  }

  #end(node: SimulatedHolder): void {
    if (!node.alive) return;
    node.alive = false;
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
    this.#start(node.name);
  }

  #departed(node: SimulatedHolder, how: 'crash' | 'goodbye', afterMs: number): void {
    this.#later(afterMs, () => {
      for (const other of this.#nodes)
        this.#input(other, () => other.leases.departed(node.incarnation, how, other.clock.at(this.#time)));
    });
  }

  #stall(node: SimulatedHolder): void {
    if (!this.#faults || node.stalled) return;
    this.#log(`${node.name} stalls`);
    node.stalled = true;
    this.#later(this.#random.between(10, this.#ttlMs * 3), () => this.#resume(node));
  }

  #resume(node: SimulatedHolder): void {
    if (!node.stalled) return;
    this.#log(`${node.name} goes on`);
    node.stalled = false;
    node.clock.go(this.#time);
    this.#wake(node);
    for (const step of node.inbox.splice(0)) step();
  }

  /** The machine sleeps: also the monotonic clock stands still. */
  #sleep(node: SimulatedHolder): void {
    if (!this.#faults || node.stalled) return;
    if (this.#machinesSleep) node.clock.stand(this.#time);
    this.#stall(node);
  }

  /** Somebody sets the clock of a machine, or NTP does. Not while it stalls, so that the step shows at the next input. */
  #setClock(node: SimulatedHolder): void {
    if (!this.#faults) return;
    const furthest = this.#clocks.pick([100, this.#ttlMs, this.#ttlMs * 10, 3_600_000]);
    const ms = this.#clocks.between(this.#machinesSleep ? 0 : -furthest, furthest);
    this.#log(`the clock of ${node.name} is set by ${ms.toFixed(0)} ms`);
    node.clock.set(ms);
  }

  #cut(node: SimulatedHolder): void {
    if (!this.#faults || !node.connected) return;
    this.#log(`${node.name} is cut off`);
    node.connected = false;
    node.stream?.doubt();
    node.cuts += 1;
    const { cuts } = node;
    this.#input(node, () => node.leases.disconnected(node.clock.at(this.#time)));
    // Not stalled: it hears of it at once. The others take it for crashed when that has lasted.
    if (this.#takeover === 'crash' && !node.stalled)
      this.#later(CONFIRM_MS, () => {
        if (node.alive && !node.connected && node.cuts === cuts) this.#departed(node, 'crash', 0);
      });
    this.#later(this.#random.between(10, this.#ttlMs * 2), () => this.#reconnect(node));
  }

  #reconnect(node: SimulatedHolder): void {
    if (!node.alive || node.connected) return;
    node.connected = true;
    this.#input(node, () => node.leases.connected(node.clock.at(this.#time)));
    for (const other of this.#nodes) {
      this.#input(other, () => {
        other.leases.returned(node.incarnation);
        return [];
      });
    }
  }

  #restartStore(): void {
    if (!this.#faults || !this.#storeUp) return;
    this.#log('the store is down');
    this.#storeUp = false;
    this.#later(this.#random.between(5, this.#ttlMs), () => {
      this.#storeUp = true;
    });
  }

  #damageStore(): void {
    if (!this.#faults) return;
    const kind = this.#random.pick(['copy', 'remake', 'restore']);
    this.#log(`the store: ${kind}`);
    if (kind === 'remake') this.#store.remake();
    else if (kind === 'copy') this.#store.backUp();
    else this.#wasSetBack ||= this.#store.restore();
  }

  /**
   * Makes the store anew, twice within a second, while new nodes claim and release. What a node knows of the life of the store counts for a second,
   * so only then a claim can reach a life of which its node has not heard. Its token looks right if the node knows a young life, does little, and
   * others bring the next life beyond what it knows. Nodes that hear of a new life refuse names for a time, so others start.
   */
  #remakeInABustle(): void {
    const draw = this.#remakes;
    for (const node of Array.from(this.#nodes)) this.#crash(node);
    const [first, second] = [draw.between(1, 200), draw.between(1, 200)];
    for (const at of [first, first + second]) {
      this.#later(at, () => {
        if (!this.#faults) return;
        this.#log('the store: remake');
        this.#store.remake();
        for (const node of draw.shuffled(this.#nodes).slice(0, this.#nodes.length / 2)) this.#crash(node);
      });
    }
    for (let nth = 0; nth < BUSTLE; nth += 1)
      this.#later(draw.between(0, BUSTLE_MS), () => this.#actInABustle(draw));
  }

  #actInABustle(draw: SeededRandom): void {
    const busy = this.#nodes.filter(({ name }) => name !== 'n0');
    const node = draw.chance(0.03) ? this.#nodes.find(({ name }) => name === 'n0')! : draw.pick(busy);
    const key = draw.pick(KEYS);
    this.#ifRunning(node, () => {
      if (!node.told.has(key)) return this.#want(node, key, true); // one who waits reads seldom
      this.#run(node, node.leases.release(key, 'released', node.clock.at(this.#time)));
    });
  }

  #ifRunning(node: SimulatedHolder, step: () => void): void {
    if (node.alive && !node.stalled) step();
  }

  /** An input that comes from outside: it waits while the node is stalled. */
  #input(node: SimulatedHolder, step: () => readonly LeaseEffect[]): void {
    if (!node.alive) return;
    if (node.stalled) node.inbox.push(() => this.#input(node, step));
    else this.#run(node, step());
  }

  #run(node: SimulatedHolder, effects: readonly LeaseEffect[]): void {
    for (const effect of effects) this.#effect(node, effect);
    if (node.alive && !node.stalled) this.#plan(node);
  }

  #effect(node: SimulatedHolder, effect: LeaseEffect): void {
    switch (effect.type) {
      case 'request':
        return this.#request(node, effect.request);
      case 'watch':
        return void node.watched.add(effect.name);
      case 'unwatch':
        return void node.watched.delete(effect.name);
      case 'elected': {
        const key = textOf(effect.key);
        this.#elected(node, key, effect.holding);
        node.told.set(key, effect.holding);
        node.wanted.delete(key);
        return;
      }
      case 'lost':
        this.#log(`${node.name} loses ${textOf(effect.key)}: ${effect.reason}`);
        return void node.told.delete(textOf(effect.key));
      case 'not-elected':
      case 'unavailable':
        return void node.wanted.delete(textOf(effect.key));
      case 'store-broke':
        if (!this.#losesRecords) this.#fail(`${node.name} says that the store broke: ${effect.kind}`);
        return;
      default:
    }
  }

  #elected(node: SimulatedHolder, key: string, { token, pid }: Holding): void {
    this.#elections += 1;
    this.#log(`${node.name} holds ${key} with ${token}`);
    if (!this.#made.has(`${pid} ${token}`) && !this.#wasSetBack)
      this.#fail(`2: ${node.name} holds ${key} with ${token}, which no claim of it has made`);
    if (node.leases.blockedMs(node.clock.at(this.#time)) > 0)
      this.#fail(`8: ${node.name} takes ${key} while it refuses names`);
    const highest = this.#highest.get(key) ?? 0;
    // After a store was made anew, a write that was meant for the life before may hit a claim of the next one, if the revision is the same. The holder of
    // that claim may hear of it late.
    if (token <= highest && !this.#wasSetBack && !this.#kind.isRemade)
      this.#fail(`2: ${node.name} holds ${key} with ${token}, after ${highest}`);
    this.#highest.set(key, token);
    if (!this.#isFair) return;
    for (const { name } of this.#nodes) {
      const losses = name === node.name ? 0 : (this.#lossesInRow.get(name) ?? 0) + 1;
      this.#lossesInRow.set(name, losses);
      if (losses > 20 * this.#nodes.length) this.#fail(`7: ${name} lost ${losses} times in a row`);
    }
  }

  #request(node: SimulatedHolder, request: StoreRequest): void {
    let isAnswered = false;
    const answer = (outcome: LeaseReadOutcome | LeaseWriteOutcome): void => {
      if (isAnswered) return;
      isAnswered = true;
      if (outcome.type === 'unknown') node.stream?.doubt();
      this.#input(node, () => node.leases.answered(request.id, outcome, node.clock.at(this.#time)));
    };
    if (!node.connected) return this.#later(1, () => answer({ type: 'unreachable', reason: 'cut off' }));
    this.#later(request.timeoutMs, () => answer({ type: 'unknown', reason: 'no answer' }));
    const stream = (node.stream ??= this.#streamOf(node));
    if (request.type === 'read') stream.read(request.name, answer);
    else stream.write(request.write, answer);
  }

  #streamOf(node: SimulatedHolder): SimulatedStream {
    const draw = this.#random;
    const isLost = (): boolean => this.#faults && draw.chance(this.#lossRate / 2);
    // Some requests and answers come very late, when the node has given them up.
    const delay = (): number =>
      this.#faults && draw.chance(this.#lossRate / 4)
        ? draw.between(0, this.#ttlMs * 1.5)
        : draw.between(0.1, 2);
    const travel = (arrives: () => void): void => {
      if (!isLost()) this.#later(delay(), arrives);
    };
    const ways: Ways = {
      now: () => this.#time,
      toStore: (arrives) => travel(() => this.#storeUp && arrives()),
      toNode: travel,
      isConnected: () => node.connected,
      queued: (step) => this.#later(this.#orders.pick([0, 0.1, 1, this.#faults ? this.#ttlMs / 4 : 0]), step),
    };
    const { store, lifeKnown, isLifeChecked } = { store: this.#store, ...this.#kind };
    const onHeard = (write: LeaseWrite): void => this.#hint(write);
    return new SimulatedStream({ store, ways, lifeKnown, onHeard, isLifeChecked });
  }

  /** Tells those that watch a record of a write, which the store has not made yet and may refuse. */
  #hint({ name, record }: LeaseWrite): void {
    for (const node of this.#nodes) {
      if (!node.watched.has(name) || (this.#faults && this.#random.chance(this.#lossRate))) continue;
      this.#later(this.#random.between(0.1, 2), () => {
        if (node.watched.has(name))
          this.#input(node, () => node.leases.hint(name, node.clock.at(this.#time), record));
      });
    }
  }

  /** Checks a write that was made. */
  #checkChange({ name, before, after, revision }: StoreChange): void {
    const decoding = { pids: this.#pids, limits: DEFAULT_VALUE_LIMITS };
    const written = decodeRecord(after, decoding);
    const old = before && decodeRecord(before, decoding);
    if (written.type === 'claim' && written.holder?.token === 0)
      this.#made.add(`${written.holder.pid} ${this.#store.epoch + revision}`);
    if (written.type === 'claim' && old?.type === 'claim' && old.holder !== undefined) {
      const taker = written.holder?.session;
      // One of an earlier life of the store does not know yet that it was made anew; its revisions may come again.
      const isKnown = taker !== undefined && this.#store.records.has(`s:${taker}`) && this.#knowsLife(taker);
      if (isKnown && taker !== old.holder.session) this.#checkFenced(old.holder.session, name);
    }
  }

  #knowsLife(session: string): boolean {
    if (!this.#kind.isRemade) return true;
    const node = this.#nodes.find(({ leases }) => leases.session === session);
    return node?.stream?.epoch === this.#store.epoch;
  }

  #checkFenced(session: string, name: string): void {
    // The copy may have been made before the session was fenced.
    if (this.#wasSetBack) return;
    const record = this.#store.records.get(`s:${session}`)?.record;
    if (record === undefined) return;
    const decoded = decodeRecord(record, { pids: this.#pids, limits: DEFAULT_VALUE_LIMITS });
    if (decoded.type === 'session' && decoded.open)
      this.#fail(`3: ${name} was taken of ${session}, which is not fenced`);
  }

  /** Invariants 1 and 4. */
  #check(): void {
    for (const key of KEYS) {
      const believers = this.#nodes.flatMap((node) => {
        const holding = node.leases.holding(key, node.clock.at(this.#time));
        return holding === undefined ? [] : [{ node, holding }];
      });
      if (believers.length > 1 && !this.#losesRecords)
        this.#fail(`1: ${believers.map(({ node }) => node.name).join(' and ')} both hold ${key}`);
      for (const { node, holding } of believers) {
        const written = this.#register.get(key) ?? 0;
        if (holding.token < written && !this.#losesRecords)
          this.#fail(
            `4: the register refuses ${node.name}, which holds ${key} with ${holding.token} after ${written}`,
          );
        this.#register.set(key, Math.max(written, holding.token));
      }
    }
  }

  /** Ends all faults, waits, and looks at what is left. */
  #settle(): void {
    this.#faults = false;
    this.#storeUp = true;
    for (const node of Array.from(this.#nodes)) {
      this.#resume(node);
      this.#reconnect(node);
    }
    for (let i = 0; i < 60 && this.#violation === undefined; i += 1) this.#advance(this.#ttlMs / 10);
    if (this.#violation !== undefined) return;
    for (const key of KEYS) {
      const wants = this.#nodes.filter((node) => node.wanted.has(key));
      const holds = this.#nodes.filter((node) => node.told.has(key));
      if (wants.length > 0 && holds.length === 0)
        this.#fail(`5: nobody holds ${key}, which ${wants.map(({ name }) => name).join(' and ')} want`);
      this.#checkRecord(key);
    }
  }

  #checkRecord(key: string): void {
    for (const [name, { record }] of this.#store.records) {
      const decoded = decodeRecord(record, { pids: this.#pids, limits: DEFAULT_VALUE_LIMITS });
      if (decoded.type !== 'claim' || decoded.key !== key || decoded.holder === undefined) continue;
      const { session } = decoded.holder;
      const node = this.#nodes.find(({ leases }) => leases.session === session);
      const open = this.#store.records.get(`s:${session}`);
      if (node === undefined || open === undefined) continue;
      const state = decodeRecord(open.record, { pids: this.#pids, limits: DEFAULT_VALUE_LIMITS });
      if (state.type === 'session' && state.open && node.leases.isSessionOpen(node.clock.at(this.#time)))
        if (!node.told.has(key))
          this.#fail(`6: ${name} names a session of ${node.name}, which does not hold it`);
    }
  }

  #plan(node: SimulatedHolder): void {
    const deadline = node.leases.nextDeadline();
    if (deadline === undefined) return;
    this.#later(node.clock.trueMs(deadline, this.#time), () => {
      if (node.alive && !node.stalled) this.#wake(node);
    });
  }

  /** Timers fire a little late, as they do. */
  #wake(node: SimulatedHolder): void {
    const now = node.clock.at(this.#time);
    const deadline = node.leases.nextDeadline();
    if (deadline !== undefined && deadline <= now.monotonic + 0.001)
      this.#run(node, node.leases.tick({ ...now, monotonic: Math.max(now.monotonic, deadline) }));
    else this.#plan(node);
  }

  #later(ms: number, run: () => void): void {
    this.#order += 1;
    const item = { at: this.#time + ms, order: this.#order, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#queue[middle].at <= item.at) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, item);
  }

  #advance(ms: number): void {
    const until = this.#time + ms;
    while (this.#queue.length > 0 && this.#queue[0].at <= until && this.#violation === undefined) {
      const { at, run } = this.#queue.shift()!;
      this.#time = Math.max(this.#time, at);
      run();
      this.#check();
    }
    this.#time = until;
    this.#check();
  }

  #log(line: string): void {
    this.lines.push(`${this.#time.toFixed(1)} ${line}`);
  }

  #fail(what: string): void {
    this.#violation ??= what;
    this.#log(`VIOLATION ${what}`);
  }
}

/** The keys of a history are texts. */
function textOf(key: Key): string {
  if (typeof key === 'string') return key;
  throw new TypeError('A key of a history is a text.');
}
