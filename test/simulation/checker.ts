import type { NodeEffect } from '../../libs/pg-registry/src/node/protocol-driver';
import type { PeerEvent, RemovalReason } from '../../libs/pg-registry/src/cluster';
import type { Diff } from '../../libs/pg-registry/src/table';
import type { Pid, Value } from '../../libs/pg-registry/src/term';
import { belongsTo } from '../../libs/pg-registry/src/wire';
import type { EventQueue } from '../support/virtual-network/event-queue';
import { Reachability, type Fault } from './reachability';
import { SubscriberModel } from './subscriber-model';
import { CallChecks } from './call-checks';
import { Violation } from './invariants';
import { ReplicatedCalls } from './replicated-calls';
import { HostileTraffic } from './hostile-traffic';
import { checkMemory, checkRootLives } from './node-bounds';
import { RefusedFrames } from './refused-frames';
import {
  type NodeObserver,
  type RemoteDiff,
  SCOPE_NAMES,
  type ScopeName,
  type SimulatedNode,
} from './simulated-node';
import { idOf, textOf, ReferenceModel } from './reference-model';

/** What the checker knows of the network, in milliseconds. */
export interface CheckerTimes {
  /** No message takes longer. */
  readonly longestWayMs: number;
  /** After this time a node is expected to know that a peer has started a scope. */
  readonly knownAfterMs: number;
}

/** Sees every node and compares what it does with the reference model. Throws the first {@link Violation}. */
export class Checker implements NodeObserver {
  readonly model = new ReferenceModel();
  readonly refusedFrames: RefusedFrames;
  /** The first violation. `afterStep` throws it, because the node's own code would catch an error thrown inside it. */
  firstViolation: Violation | undefined;
  /** Incarnations in whose name a hostile peer has said goodbye. */
  forgedGoodbyes: ReadonlySet<string> = new Set();
  /** Names of nodes of which a hostile peer has made up later lives. */
  forgedNamesakes: ReadonlySet<string> = new Set();
  /** How many changes of entries all nodes saw. */
  changes = 0;
  readonly #models = new Map<SimulatedNode, Map<ScopeName, SubscriberModel[]>>();
  readonly #reachabilities = new Map<SimulatedNode, Map<SimulatedNode, Reachability>>();
  /** Entries that their owner removed, by node and scope: they must not return. */
  readonly #gone = new Map<SimulatedNode, Map<ScopeName, Set<string>>>();
  readonly callChecks: CallChecks;
  readonly #replicatedCalls = new ReplicatedCalls();
  readonly #hostileTraffic: HostileTraffic;

  readonly #queue: EventQueue;
  readonly #nodes: readonly SimulatedNode[];
  readonly #log: (line: string) => void;
  readonly #times: CheckerTimes;

  constructor(
    queue: EventQueue,
    nodes: readonly SimulatedNode[],
    log: (line: string) => void,
    times: CheckerTimes,
  ) {
    this.#queue = queue;
    this.#nodes = nodes;
    this.#log = log;
    this.#times = times;

    this.callChecks = new CallChecks(
      nodes,
      () => queue.now,
      (check) => this.#checking(check),
    );
    this.refusedFrames = new RefusedFrames(nodes);
    const isHostile = (name: string): boolean => nodes.some((node) => node.isHostile && node.name === name);
    this.#hostileTraffic = new HostileTraffic(() => queue.now, isHostile);
  }

  /** A scope started: it gets its first subscriber. */
  scopeStarted(node: SimulatedNode, scope: ScopeName): void {
    const gone = this.#gone.get(node) ?? new Map<ScopeName, Set<string>>();
    this.#gone.set(node, gone.set(scope, new Set()));
    this.#modelsOf(node).set(scope, [new SubscriberModel(node, scope)]);
  }

  scopeStopped(node: SimulatedNode, scope: ScopeName): void {
    this.model.scopeStopped(node, scope);
    this.#modelsOf(node).delete(scope);
  }

  /** A node ended. */
  nodeEnded(node: SimulatedNode): void {
    for (const scope of SCOPE_NAMES) this.scopeStopped(node, scope);
  }

  /** Adds a subscriber; beyond three, the oldest ends. */
  subscribe(node: SimulatedNode, scope: ScopeName): void {
    const models = this.#modelsOf(node).get(scope);
    if (models === undefined) return;
    models.push(new SubscriberModel(node, scope));
    models.at(-1)!.checkAll();
    if (models.length > 3) models.shift()!.end();
  }

  /** A node called `replicated()`. */
  replicatedCalled(node: SimulatedNode, scope: ScopeName, id: number): void {
    // The node may not know a later run of the scope yet: then it waited for the earlier run, which has dropped out.
    const latest = this.#queue.now - this.#times.knownAfterMs;
    const isKnown = (peer: SimulatedNode): boolean =>
      !peer.isHostile &&
      (this.model.isFirstRun(peer, scope) ||
        (this.model.runsSince(peer, scope) < latest && node.protocol.isReachable(peer.incarnation)));
    this.#replicatedCalls.called(node, scope, id, this.#nodes.filter(isKnown));
  }

  /** Records how well every node can reach every other from now on. */
  updateReachability(faultsBetween: (from: SimulatedNode, to: SimulatedNode) => readonly Fault[]): void {
    for (const from of this.#nodes) {
      if (!from.running) continue;
      for (const to of this.#nodes) {
        if (to.running && to !== from)
          this.#reachability(from, to).observe(faultsBetween(from, to), this.#queue.now);
      }
    }
  }

  onWrite(node: SimulatedNode, scope: ScopeName, diff: Diff, revision: number): void {
    this.#checking(() => this.model.wrote(node, scope, diff, revision));
  }

  onEffect(node: SimulatedNode, effect: NodeEffect | RemoteDiff): void {
    this.#checking(() => {
      if (effect.type === 'diff') this.#diff(node, effect);
      else if (effect.type === 'peer') this.#peer(node, effect.event);
      else if (effect.type === 'fenced') this.#fenced(node, effect.by.incarnation);
      else if (effect.type === 'replicated') this.#replicatedCalls.ended(node, effect);
      else if (effect.type === 'warn') this.#warned(node, effect);
    });
  }

  onMessage(node: SimulatedNode, subject: string, bytes: Uint8Array, receive: () => void): void {
    this.#hostileTraffic.received(node, subject, bytes);
    const fault = this.refusedFrames.faultOf(node, subject, bytes, receive);
    if (fault === undefined) return;
    this.#checking(() => {
      throw new Violation(9, fault);
    });
  }

  onPublish(node: SimulatedNode, subject: string, bytes: Uint8Array): void {
    this.#checking(() => this.#hostileTraffic.sent(node, subject, bytes));
  }

  onDown(node: SimulatedNode, pid: Pid, reason: Value): void {
    this.#checking(() => this.callChecks.down(node, pid, reason));
  }

  onCallWarning(node: SimulatedNode, reason: string, message: string): void {
    this.#checking(() => this.callChecks.warned(node, reason, message));
  }

  onTurnEnd(node: SimulatedNode): void {
    this.#checking(() => {
      this.#checkModels(node);
      this.#replicatedCalls.check(node);
    });
  }

  /** Checks memory and subscribers of every node. @throws Violation The first of the scenario */
  afterStep(): void {
    this.#checking(() => {
      for (const node of this.#nodes) {
        if (!node.running) continue;
        checkMemory(node);
        this.callChecks.checkBounds(node);
        checkRootLives(node);
        this.#checkModels(node);
      }
    });
    if (this.firstViolation !== undefined) throw this.firstViolation;
  }

  /** Compares every subscriber with its whole table. @throws Violation */
  checkAllSubscribers(): void {
    for (const scopes of this.#models.values()) {
      for (const models of scopes.values()) for (const model of models) model.checkAll();
    }
  }

  /** Checks that every `replicated()` has ended. @throws Violation */
  checkNoOpenReplicatedCalls(): void {
    for (const node of this.#nodes) if (node.isMember) this.#replicatedCalls.checkNoneOpen(node);
  }

  /** Checks that every call between processes has ended, and that monitors were told of what has. @throws Violation */
  checkNoOpenCalls(): void {
    for (const node of this.#nodes) {
      if (!node.isMember) continue;
      this.callChecks.checkNoneOpen(node);
      this.callChecks.checkAllTold(node);
    }
  }

  #diff(node: SimulatedNode, { scope, diff, cause }: RemoteDiff): void {
    const gone = this.#gone.get(node)!.get(scope as ScopeName)!;
    for (const change of diff) {
      this.changes += change.rows.length;
      for (const [index, row] of change.rows.entries()) {
        if (this.#isHostile(row.pid.incarnation)) continue;
        if (change.kind === 'leave') {
          if (cause !== 'node-down') {
            if (this.model.contains(row))
              throw new Violation(
                2,
                `${node.name} let ${textOf(row)} leave (${cause}), which its owner still has.`,
              );
            gone.add(idOf(row));
          }
          continue;
        }
        this.model.checkRow(node, scope, row);
        if (change.kind === 'join' && gone.has(idOf(row)))
          throw new Violation(8, `on ${node.name} ${textOf(row)} returned (${cause}).`);
        if (change.kind === 'update' && change.old[index].revision >= row.revision)
          throw new Violation(
            8,
            `on ${node.name} ${textOf(row)} was updated from ${change.old[index].revision}.`,
          );
      }
    }
  }

  #peer(node: SimulatedNode, event: PeerEvent): void {
    const reason = 'reason' in event ? ` (${event.reason})` : '';
    this.#log(
      `    ${node.name}${node.incarnation.slice(-3)}: ${event.type} ${event.node}${event.incarnation.slice(-3)}${reason}`,
    );
    if (event.type !== 'peer-removed') return;
    const peer = this.#nodeOf(event.incarnation);
    if (peer === undefined && this.#isHostile(event.incarnation)) return; // a life that it made up
    this.#replicatedCalls.peerRemoved(node, peer!);
    if (!peer!.isMember || peer!.isHostile) return;
    const objection = this.#objectionTo(node, peer!, event.reason);
    if (objection !== undefined)
      throw new Violation(2, `${node.name} removed ${peer!.name} (${event.reason}), but ${objection}.`);
  }

  #objectionTo(node: SimulatedNode, peer: SimulatedNode, reason: RemovalReason): string | undefined {
    if (reason === 'goodbye')
      return peer.left || this.forgedGoodbyes.has(peer.incarnation) ? undefined : 'it never said goodbye';
    if (reason === 'superseded') {
      const rivals = this.#nodes.some((other) => other !== peer && other.name === peer.name);
      return rivals || this.forgedNamesakes.has(peer.name)
        ? undefined
        : 'it is the only one of its name that ever was';
    }
    return this.#reachability(node, peer).objectionTo(reason, this.#queue.now);
  }

  #fenced(node: SimulatedNode, by: string): void {
    this.#log(`    ${node.name}${node.incarnation.slice(-3)}: fenced by ${by.slice(-3)}`);
    this.nodeEnded(node);
    const since = Math.min(this.#queue.now, node.loop.pausedAt) - this.#times.longestWayMs;
    const rival = this.#nodes.some(
      (other) => other !== node && other.name === node.name && other.endedAt >= since && !other.isFenced,
    );
    if (!rival && !node.isHostile)
      throw new Violation(6, `${node.name} was fenced by ${by}, and no namesake of it is alive.`);
  }

  #warned(
    node: SimulatedNode,
    { reason, message }: { readonly reason: string; readonly message: string },
  ): void {
    this.#log(`    ${node.name}${node.incarnation.slice(-3)}: warns of ${reason}`);
    // Limits of nodes differ: a node syncs what is too large for it to reassemble.
    if (message.includes('too large')) return;
    if (this.refusedFrames.isClusterFault(reason, message))
      throw new Violation(9, `${node.name} warns: ${message}`);
  }

  #reachability(from: SimulatedNode, to: SimulatedNode): Reachability {
    let reachabilities = this.#reachabilities.get(from);
    if (reachabilities === undefined) this.#reachabilities.set(from, (reachabilities = new Map()));
    let reachability = reachabilities.get(to);
    if (reachability === undefined)
      reachabilities.set(
        to,
        (reachability = new Reachability(this.#queue.now, from.options, this.#times.longestWayMs)),
      );
    return reachability;
  }

  #checkModels(node: SimulatedNode): void {
    for (const models of this.#modelsOf(node).values()) for (const model of models) model.check();
  }

  /** Tells whether an incarnation is one of a hostile peer, or one that it made up for itself. */
  #isHostile(incarnation: string): boolean {
    return this.#nodes.some(({ isHostile, name }) => isHostile && belongsTo(incarnation, name));
  }

  #nodeOf(incarnation: string): SimulatedNode | undefined {
    return this.#nodes.find((node) => node.incarnation === incarnation);
  }

  #modelsOf(node: SimulatedNode): Map<ScopeName, SubscriberModel[]> {
    let models = this.#models.get(node);
    if (models === undefined) this.#models.set(node, (models = new Map()));
    return models;
  }

  #checking(checker: () => void): void {
    if (this.firstViolation !== undefined) return;
    try {
      checker();
    } catch (error) {
      this.firstViolation = error instanceof Violation ? error : new Violation(9, String(error));
    }
  }
}
