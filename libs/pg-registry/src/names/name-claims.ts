import type { LocalProcess } from '../lifetime';
import { type Key, KeyMap, messageOfThrown, normalValue, type Value, type ValueLimits } from '../term';
import { Claim } from './claim';
import { exitedWhileWaiting, hasExited, nodeStopped, notClaimed, notInTime } from './claim-errors';
import { askHolder } from './holder-question';
import type { Holder, Holders } from './holders';
import { LeaseDriver } from './lease-driver';
import type { KeyEffect } from './lease/contest-deps';
import { limitsInRecords } from './lease/lease-records';
import { Leases } from './lease/leases';
import type { LeaseStore, LeaseUnavailable, LeaseUnreachable } from './lease-store';
import { ListsByProcess } from './lists-by-process';
import type { ClusterNamesDeps } from './names-deps';
import type { NamesStats } from './names-stats';
import type { NormalNamesOptions } from './names-options';
import { PendingUpdates } from './pending-updates';
import { StoreHealth } from './store-health';
import { type ListCounts, type Waiter, type WaitingLimits, WaitingList } from './waiting-list';

/** The claims of one node, and the calls that wait for some: joins {@link Leases} to processes and promises. */
export class NameClaims {
  readonly #deps: ClusterNamesDeps;
  readonly #options: NormalNamesOptions;
  readonly #holders: Holders;
  readonly #limits: ValueLimits;
  readonly #leases: Leases;
  readonly #driver: LeaseDriver;
  readonly #health: StoreHealth;
  readonly #lists = new KeyMap<WaitingList>();
  readonly #counts: ListCounts = { held: 0, waiting: 0 };
  readonly #byProcess = new ListsByProcess();
  readonly #updates = new PendingUpdates();
  readonly #lost: Record<string, number> = {};
  #claimed = 0;
  /** Set at first use: what ends with it. */
  #stopListening: (() => void) | undefined;
  #isStopped = false;
  #ending: Promise<void> | undefined;
  #onTold: (() => void) | undefined;
  #onSettled: (() => void) | undefined;

  constructor(deps: ClusterNamesDeps, options: NormalNamesOptions, holders: Holders) {
    this.#deps = deps;
    this.#options = options;
    this.#holders = holders;
    this.#limits = limitsInRecords(deps.limits);
    const { incarnation, pids, random, timers, wall, confirmMs } = deps;
    const { ttlMs, takeover, maxClockDrift } = options;
    this.#leases = new Leases({
      incarnation,
      pids,
      random,
      limits: this.#limits,
      options: { ttlMs, takeover, maxClockDrift, disconnectedMs: confirmMs / 2 },
    });
    this.#driver = new LeaseDriver({
      leases: this.#leases,
      timers,
      wall,
      openStore: () => this.#openStore(),
      onKey: (effect) => this.#onKey(effect),
      onStep: () => this.#checkSettled(),
      onStoreBroke: ({ kind, blockedMs }) => this.#health.broke(kind, blockedMs),
      onTrouble: (reason) => this.#health.silent(reason),
      onFailure: (error) =>
        deps.onError('names-step', `A step of cluster names failed: ${messageOfThrown(error)}`),
    });
    this.#health = new StoreHealth({
      ...deps,
      now: () => timers.now(),
      refusedForMs: () => this.#leases.blockedMs(this.#driver.now()),
      place: () => this.#driver.place,
    });
  }

  async claim(key: Key, value: Value, timeoutMs: number, signal: AbortSignal | undefined): Promise<Claim> {
    signal?.throwIfAborted();
    const call = { process: this.#self(), value: this.#value(value), once: false };
    return (await this.#wait(key, call, { timeoutMs, signal }))!; // only calls that do not wait get none
  }

  async tryClaim(key: Key, value: Value, timeoutMs: number): Promise<Claim | undefined> {
    const call = { process: this.#self(), value: this.#value(value), once: true };
    const list = this.#lists.get(key);
    if (list !== undefined && (list.claim?.held === true || list.size > 0)) return undefined;
    return await this.#wait(key, call, { timeoutMs, signal: undefined });
  }

  async holder(key: Key, timeoutMs: number): Promise<Holder | undefined> {
    const { pids } = this.#deps;
    return await askHolder(key, {
      read: (name) => this.#driver.read(name, timeoutMs),
      decoding: { pids, limits: this.#limits },
    });
  }

  /** Whether the node has begun to leave. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  held(key: Key): Claim | undefined {
    return this.#lists.get(key)?.claim;
  }

  get problem(): string | undefined {
    return this.#health.problem;
  }

  stats(): NamesStats {
    const now = this.#driver.now();
    const { session } = this.#leases;
    const isOpen = this.#leases.isSessionOpen(now);
    return {
      held: isOpen ? this.#counts.held : 0,
      waiting: this.#counts.waiting,
      session: session === undefined ? 'none' : isOpen ? 'open' : 'opening',
      renewalLagMs: this.#leases.renewalLagMs(now),
      claimed: this.#claimed,
      lost: { ...this.#lost },
      storeRequests: this.#leases.requests,
      fenced: this.#leases.fenced,
      refusedForMs: this.#leases.blockedMs(now),
      problem: this.#health.problem,
    };
  }

  connected(): void {
    this.#health.isConnected = true;
    if (this.#stopListening !== undefined) this.#driver.run(this.#leases.connected(this.#driver.now()));
  }

  disconnected(): void {
    this.#health.isConnected = false;
    if (this.#stopListening !== undefined) this.#driver.run(this.#leases.disconnected(this.#driver.now()));
  }

  departed(incarnation: string, how: 'crash' | 'goodbye'): void {
    this.#driver.run(this.#leases.departed(incarnation, how, this.#driver.now()));
  }

  returned(incarnation: string): void {
    this.#leases.returned(incarnation);
  }

  expire(): void {
    this.#driver.run(this.#leases.expire(this.#driver.now()));
  }

  stopCampaigns(): void {
    this.#isStopped = true;
    if (this.#counts.waiting === 0) return;
    for (const [, list] of this.#lists)
      for (const waiter of list.waiters()) waiter.settle({ error: nodeStopped(this.#deps.node) });
  }

  async end(timeoutMs: number): Promise<void> {
    this.stopCampaigns();
    if (this.#stopListening !== undefined) await (this.#ending ??= this.#end(timeoutMs));
  }

  async #end(timeoutMs: number): Promise<void> {
    const { timers } = this.#deps;
    const told = new Promise<void>((resolve) => (this.#onTold = resolve));
    const settled = new Promise<void>((resolve) => (this.#onSettled = resolve));
    timers.stayAlive(true);
    this.#driver.run(this.#leases.stop(this.#driver.now()));
    await told;
    const cancel = timers.setTimer(timeoutMs, () => this.#onSettled?.());
    await settled;
    cancel();
    timers.stayAlive(false);
  }

  close(): void {
    if (this.#stopListening === undefined) return;
    this.stopCampaigns();
    this.#driver.run(this.#leases.stop(this.#driver.now(), true)); // ends the claims here, if nothing else can be done
    this.#stopListening();
    this.#driver.close();
    this.#onTold?.();
    this.#onSettled?.();
    for (const [, list] of this.#lists) for (const done of list.onReleased.splice(0)) done();
  }

  #wait(
    key: Key,
    call: Pick<Waiter, 'process' | 'value' | 'once'>,
    limits: Omit<WaitingLimits, 'onTimeout'>,
  ): Promise<Claim | undefined> {
    if (this.#isStopped) throw nodeStopped(this.#deps.node);
    this.#listen();
    const list = this.#listOf(key);
    const { timers, processes } = this.#deps;
    const onTimeout = (): Error =>
      notInTime(key, limits.timeoutMs, this.#health.problem, list.claim?.process === call.process);
    const result = list.wait(
      call,
      { ...limits, onTimeout },
      { timers, signals: processes.signals },
      (wasFirst) => {
        this.#byProcess.tidy(call.process, list);
        if (wasFirst) this.#next(list);
        this.#forget(list);
      },
    );
    this.#byProcess.add(call.process, list);
    // A claim that is over by the clocks does not stand in the way: whoever asks finds out.
    if (list.size === 1 && (list.claim === undefined || !list.claim.held)) this.#next(list);
    return result;
  }

  /** Begins what costs something, at first use. */
  #listen(): void {
    this.#stopListening ??= this.#deps.processes.onExit((process) => this.#exited(process));
  }

  /** Lets the first call of a list contend for the key, or nobody. */
  #next(list: WaitingList): void {
    const { key, first } = list;
    const now = this.#driver.now();
    if (first === undefined) return this.#driver.run(this.#leases.withdraw(key, now));
    const { value, once } = first;
    this.#driver.run(this.#leases.campaign(key, { pid: first.process.pid, value, once }, now));
  }

  #onKey(effect: KeyEffect): void {
    if (effect.type === 'updated' || effect.type === 'not-updated') {
      this.#updates.ended(effect);
      return;
    }
    const list = this.#lists.get(effect.key);
    switch (effect.type) {
      case 'elected':
        return this.#elected(this.#listOf(effect.key), effect);
      case 'not-elected':
        return list?.first?.settle({ claim: undefined });
      case 'unavailable':
        this.#health.refuses(effect.reason);
        return list?.first?.settle({ error: notClaimed(effect.key, effect.reason) });
      case 'lost':
        return this.#lostKey(list, effect.reason);
      case 'released':
        for (const done of list?.onReleased.splice(0) ?? []) done();
        if (list !== undefined) this.#forget(list);
    }
  }

  #elected(list: WaitingList, { key, holding }: Extract<KeyEffect, { type: 'elected' }>): void {
    const { first } = list;
    if (first === undefined) {
      this.#driver.run(this.#leases.release(key, 'released', this.#driver.now()));
      return;
    }
    const { process } = first;
    const claim: Claim = new Claim(holding, {
      key,
      process,
      isHeld: (token) => this.#leases.holding(key, this.#driver.now())?.token === token,
      settle: () => this.#driver.run(this.#leases.tick(this.#driver.now())),
      update: (value) => this.#update(claim, process, value),
      release: (to) => this.#release(list, claim, to),
    });
    list.hold(claim);
    this.#claimed += 1;
    this.#health.works();
    this.#holders.add(key, process, holding.token, holding.value);
    first.settle({ claim });
  }

  #lostKey(list: WaitingList | undefined, reason: Parameters<Claim['end']>[0]): void {
    const claim = list?.claim;
    if (list === undefined || claim === undefined) return;
    list.hold(undefined);
    const told = claim.reason ?? reason;
    this.#lost[told] = (this.#lost[told] ?? 0) + 1;
    this.#holders.remove(list.key, claim.process);
    this.#byProcess.tidy(claim.process, list);
    if (list.size > 0) this.#next(list);
    claim.end(reason);
    this.#forget(list);
  }

  async #update(claim: Claim, process: LocalProcess, value: unknown): Promise<Value> {
    const stored = this.#value(value);
    const { key, token } = claim;
    await this.#updates.run(claim, (id) =>
      this.#driver.run(this.#leases.update(key, id, stored, this.#driver.now())),
    );
    if (claim.held) this.#holders.update(key, process, token, stored);
    return stored;
  }

  async #release(list: WaitingList, claim: Claim, to: string | undefined): Promise<void> {
    if (list.claim !== claim) return;
    const released = new Promise<void>((resolve) => list.onReleased.push(resolve));
    this.#driver.run(this.#leases.release(list.key, 'released', this.#driver.now(), to));
    // Lost by the clocks in this moment: then there is nothing to write.
    if (list.claim === claim || this.#leases.isAtRest(list.key))
      for (const done of list.onReleased.splice(0)) done();
    await released;
  }

  #exited(process: LocalProcess): void {
    for (const list of this.#byProcess.of(process)) {
      const { key } = list;
      for (const waiter of list.waiters(process)) waiter.settle({ error: exitedWhileWaiting(process, key) });
      if (list.claim?.pid === process.pid)
        this.#driver.run(this.#leases.release(key, 'process-exit', this.#driver.now()));
    }
  }

  #openStore(): LeaseStore | LeaseUnreachable | LeaseUnavailable {
    const { openStore, node } = this.#deps;
    const { bucket, replicas } = this.#options;
    const store = openStore({ bucket, replicas });
    if (store === 'not-connected') return { type: 'unreachable', reason: `Node '${node}' is not connected.` };
    if (store !== undefined) return store;
    return { type: 'unavailable', reason: 'The transport of this node has no store for cluster names.' };
  }

  #listOf(key: Key): WaitingList {
    let list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, (list = new WaitingList(key, this.#counts)));
    return list;
  }

  #forget(list: WaitingList): void {
    if (list.isEmpty) this.#lists.delete(list.key);
  }

  #checkSettled(): void {
    if (this.#leases.isTold) this.#onTold?.();
    if (this.#leases.isSettled) this.#onSettled?.();
  }

  #self(): LocalProcess {
    const process = this.#deps.processes.self();
    if (process.alive) return process;
    throw hasExited(process);
  }

  /** Also checks that it fits beside the token. */
  #value(value: unknown): Value {
    const { pids } = this.#deps;
    const normal = normalValue(value, this.#limits, pids);
    normalValue({ token: Number.MAX_SAFE_INTEGER, value: normal }, this.#limits, pids);
    return normal;
  }
}
