import { type PidInterner, ScopeNotRunningError, type ValueLimits } from '../term';
import type { Diff, Table } from '../table';
import { FRAME_OVERHEAD_BYTES, Reader, type StreamKind } from '../wire';
import { EarlyQuestions } from './early-questions';
import { type Endpoint, type OwnScopes, type Peer, Schedule, type ScopeNews } from '../cluster';
import { ReplicationBudget, type ReplicationMemory } from './budget';
import { type ReplicationEffect } from './effect';
import { Replicator } from './replicator';
import { StreamEffects } from './stream-effects';

const MAX_SCOPE_BYTES = 128;

/** A scope to be started. */
export interface ScopeStart {
  readonly scope: string;
  readonly keys: 'duplicate' | 'unique';
  readonly table: Table;
}

/** What the streams need of the whole. */
export interface StreamsContext {
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  readonly peers: ReadonlyMap<string, Peer>;
  /** Asks a node to introduce itself, at most once a second. */
  ask(node: string): void;
  /** Runs `then` when everything said so far has left the client. */
  afterFlush(then: () => void): void;
  /** The set of running scopes changed. */
  changed(): void;
}

interface RunningScope {
  readonly name: string;
  readonly keys: 'duplicate' | 'unique';
  readonly replicator: Replicator;
  /** Peers were told; from here on it follows theirs. */
  announced: boolean;
  readonly early: EarlyQuestions;
}

/**
 * The scopes that run here, each with its Replicator.
 *
 *     started ── subscribe, flush ──► announced ── each hello that lists it ──► its Replicator follows that peer
 *
 * It is announced only after its subscription has reached the server: a peer that hears of it may send at once. Deadlines
 * of all scopes share one heap, so a thousand quiet scopes cost nothing.
 */
export class Streams {
  readonly #running = new Map<string, RunningScope>();
  readonly #deadlines = new Schedule<string>();
  readonly #budget: ReplicationBudget;
  readonly #effects: StreamEffects;
  #runs = 0;
  #connected = false;

  readonly #endpoint: Endpoint;
  readonly #ownScopes: OwnScopes;
  readonly #context: StreamsContext;

  constructor(endpoint: Endpoint, ownScopes: OwnScopes, context: StreamsContext) {
    this.#endpoint = endpoint;
    this.#ownScopes = ownScopes;
    this.#context = context;

    this.#budget = new ReplicationBudget(endpoint.options);
    const flush = (): void => context.afterFlush(() => this.#flushed());
    this.#effects = new StreamEffects(endpoint, {
      peers: context.peers,
      ask: (node) => context.ask(node),
      flush,
    });
  }

  get nextDeadline(): number {
    return this.#deadlines.next();
  }

  /** What replication holds at present, over all scopes. */
  get memory(): ReplicationMemory {
    return this.#budget.memory;
  }

  /** Every running scope was announced, so that it follows all who have it, and none is in its first sync with anybody. */
  get synced(): boolean {
    for (const { announced, replicator } of this.#running.values()) {
      if (!announced || !replicator.synced) return false;
    }
    return true;
  }

  /** @throws ScopeNotRunningError */
  replicatorOf(scope: string): Replicator {
    const running = this.#running.get(scope);
    if (running === undefined) throw new ScopeNotRunningError(`Scope '${scope}' does not run on this node.`);
    return running.replicator;
  }

  start({ scope, keys, table }: ScopeStart): void {
    const endpoint = this.#endpoint;
    const context = this.#context;
    const replicator = new Replicator({
      scope,
      run: (this.#runs += 1),
      node: endpoint.node,
      incarnation: endpoint.incarnation,
      table,
      pids: context.pids,
      limits: context.limits,
      budget: this.#budget,
      random: endpoint.random,
    });
    const running: RunningScope = {
      name: scope,
      keys,
      replicator,
      announced: false,
      early: new EarlyQuestions(),
    };
    this.#running.set(scope, running);
    if (!this.#connected) return;
    this.#perform(running, replicator.connected(endpoint.now));
    endpoint.subscribe(endpoint.subjects.everyOps(scope));
    context.afterFlush(() => this.#announce(running));
  }

  stop(scope: string): void {
    const running = this.#running.get(scope);
    if (running === undefined) return;
    this.#perform(running, running.replicator.stop());
    for (const { id } of running.early.take()) this.#endEarly(running, id);
    this.#running.delete(scope);
    this.#deadlines.delete(scope);
    this.#ownScopes.delete(scope);
    this.#endpoint.unsubscribe(this.#endpoint.subjects.everyOps(scope));
    if (running.announced) this.#context.changed();
  }

  /** The connection is there: operations written without one are sent as unsent, and every scope is subscribed. */
  connected(): void {
    this.#connected = true;
    // The server's largest message is known only now, and may be another's after a reconnect.
    this.#budget.limitBodies(this.#endpoint.maxFrameBytes - FRAME_OVERHEAD_BYTES);
    this.#budget.connected();
    for (const running of this.#running.values()) {
      this.#endpoint.subscribe(this.#endpoint.subjects.everyOps(running.name));
      this.#perform(running, running.replicator.connected(this.#endpoint.now));
    }
  }

  /** The subscriptions have reached the server. */
  subscribed(): void {
    for (const running of this.#running.values()) this.#announce(running);
  }

  disconnected(): void {
    this.#connected = false;
    this.#budget.disconnected();
    this.#forEach((replicator) => replicator.disconnected());
  }

  write(scope: string, diff: Diff): void {
    const replicator = this.replicatorOf(scope);
    this.#perform(this.#running.get(scope)!, replicator.write(diff, this.#endpoint.now));
  }

  replicated(scope: string, id: number, timeoutMs: number): void {
    const replicator = this.replicatorOf(scope);
    const running = this.#running.get(scope)!;
    const { now } = this.#endpoint;
    const deadline = now + timeoutMs;
    if (running.announced) return this.#perform(running, replicator.replicated(id, now, deadline));
    running.early.add(id, deadline);
    this.#arm(running);
  }

  /** Sends everything that is pending. */
  flush(): void {
    this.#forEach((replicator) => replicator.flush(this.#endpoint.now));
  }

  /** A hello listed a scope. */
  listed(peer: Peer, news: ScopeNews): void {
    const running = this.#running.get(news.name);
    if (running === undefined || !running.announced) return;
    if (running.keys !== news.keys) {
      this.#endpoint.warn(
        'key-mode',
        `Scope '${news.name}' has ${running.keys} keys here and ${news.keys} keys on node '${peer.node}'.`,
        news.name,
      );
    }
    this.#perform(running, running.replicator.announced(peer, news, this.#endpoint.now));
  }

  /** A peer stopped a scope. */
  gone(peer: Peer, scope: string): void {
    const running = this.#running.get(scope);
    if (running === undefined) return;
    this.#perform(running, running.replicator.peerDown(peer.incarnation, 'peer', this.#endpoint.now));
  }

  /** A peer can be reached again: what it was asked meanwhile is lost, and asked again without waiting. */
  recovered(peer: Peer): void {
    this.#forEach((replicator) => replicator.peerRecovered(peer.incarnation, this.#endpoint.now));
  }

  /** A peer is no more: its entries leave all scopes. */
  removed(peer: Peer): void {
    this.#forEach((replicator) => replicator.peerDown(peer.incarnation, 'node-down', this.#endpoint.now));
  }

  /**
   * A frame about a stream, from a peer. `subjectScope` is what the subject says, where it says one.
   *
   * @throws DecodeError if the body does not begin with a scope's name, or with another than the subject's
   */
  receive(peer: Peer, kind: StreamKind, body: Uint8Array, subjectScope: string | undefined): void {
    const reader = new Reader(body);
    const scope = reader.string(MAX_SCOPE_BYTES);
    const running = this.#running.get(scope);
    if (
      running === undefined ||
      !running.announced ||
      (subjectScope !== undefined && subjectScope !== scope)
    ) {
      this.#endpoint.count('frames-without-scope'); // Race: it was stopped here while the frame was on its way.
      return;
    }
    this.#perform(running, running.replicator.receive(peer, kind, reader.rest(), this.#endpoint.now));
  }

  tick(): void {
    const { now } = this.#endpoint;
    const due: string[] = [];
    for (
      let scope = this.#deadlines.takeDue(now);
      scope !== undefined;
      scope = this.#deadlines.takeDue(now)
    ) {
      due.push(scope);
    }
    for (const scope of due) {
      const running = this.#running.get(scope);
      if (running === undefined) continue;
      for (const { id } of running.early.takeDue(now)) this.#endEarly(running, id);
      this.#perform(running, running.replicator.tick(now));
    }
  }

  /** A `replicated()` ends before anybody was asked: whoever has the scope, as far as is known, has not answered. */
  #endEarly({ name }: RunningScope, id: number): void {
    const laggards = Array.from(this.#context.peers.values())
      .filter(({ scopes }) => scopes.get(name) !== undefined)
      .map(({ node }) => node);
    this.#endpoint.emit({ type: 'replicated', id, laggards, connected: this.#connected });
  }

  #announce(running: RunningScope): void {
    // Race: it was stopped, or stopped and started again, while the flush was under way.
    if (running.announced || this.#running.get(running.name) !== running) return;
    running.announced = true;
    const { name, keys, replicator } = running;
    this.#ownScopes.add({
      name,
      get last() {
        return replicator.last;
      },
      news: () => {
        this.#perform(running, replicator.flush(this.#endpoint.now));
        return { name, keys, ...replicator.digest() };
      },
    });
    this.#context.changed();
    for (const peer of this.#context.peers.values()) {
      const news = peer.scopes.get(name);
      if (news !== undefined)
        this.#perform(running, replicator.runsAlready(peer, news.run, this.#endpoint.now));
    }
    for (const { id, deadline } of running.early.take())
      this.#perform(running, replicator.replicated(id, this.#endpoint.now, deadline));
  }

  #flushed(): void {
    this.#budget.flushed();
    this.#forEach((replicator) => replicator.flushed(this.#endpoint.now));
  }

  #forEach(call: (replicator: Replicator) => readonly ReplicationEffect[]): void {
    for (const running of this.#running.values()) this.#perform(running, call(running.replicator));
  }

  #perform(running: RunningScope, effects: readonly ReplicationEffect[]): void {
    for (const effect of effects) this.#effects.run(running.name, effect);
    this.#arm(running);
  }

  #arm({ name, replicator, early }: RunningScope): void {
    this.#deadlines.set(name, Math.min(replicator.nextDeadline(), early.deadline));
  }
}
