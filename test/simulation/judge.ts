import type { NodeEffect } from '../../libs/pg-registry/src/node/protocol-driver';
import type { PeerEvent, RemovalReason } from '../../libs/pg-registry/src/cluster';
import type { Diff } from '../../libs/pg-registry/src/table';
import type { Agenda } from './agenda';
import { Contact, type Trouble } from './contact';
import { Fold } from './fold';
import { Violation } from './invariant';
import { Promises } from './promises';
import { Refusals } from './refusals';
import { SCOPE_NAMES, type ScopeName, type SimulatedNode, type Witness } from './simulated-node';
import { idOf, textOf, Truth } from './truth';

/** More counters than there are in the source: their names are none that a peer chooses. */
const MOST_COUNTERS = 100;

/** What the judge knows of the network, in milliseconds. */
export interface JudgeTimes {
  /** No message is under way for longer. */
  readonly longestWayMs: number;
  /** After so long a node is expected to know that a peer has started a scope. */
  readonly knownAfterMs: number;
}

/** Whoever sees everything: compares what each node does with what is true, and throws the first {@link Violation}. */
export class Judge implements Witness {
  readonly truth = new Truth();
  readonly refusals: Refusals;
  /** The first violation: thrown by whoever drives, because a throw inside a node's code goes elsewhere. */
  verdict: Violation | undefined;
  /** Changes of entries that were seen anywhere. */
  changes = 0;
  readonly #folds = new Map<SimulatedNode, Map<ScopeName, Fold[]>>();
  readonly #contacts = new Map<SimulatedNode, Map<SimulatedNode, Contact>>();
  /** Entries that left by the owner's word, by node and run: they must not return. */
  readonly #gone = new Map<SimulatedNode, Map<ScopeName, Set<string>>>();
  readonly #promises = new Promises();

  readonly #agenda: Agenda;
  readonly #nodes: readonly SimulatedNode[];
  readonly #log: (line: string) => void;
  readonly #times: JudgeTimes;

  constructor(
    agenda: Agenda,
    nodes: readonly SimulatedNode[],
    log: (line: string) => void,
    times: JudgeTimes,
  ) {
    this.#agenda = agenda;
    this.#nodes = nodes;
    this.#log = log;
    this.#times = times;

    this.refusals = new Refusals(nodes);
  }

  /** A scope begins to run; it gets its first subscriber. */
  begins(node: SimulatedNode, scope: ScopeName): void {
    const gone = this.#gone.get(node) ?? new Map<ScopeName, Set<string>>();
    this.#gone.set(node, gone.set(scope, new Set()));
    this.#foldsOf(node).set(scope, [new Fold(node, scope)]);
  }

  ends(node: SimulatedNode, scope: ScopeName): void {
    this.truth.ends(node, scope);
    this.#foldsOf(node).delete(scope);
  }

  /** The whole node is over. */
  endsAll(node: SimulatedNode): void {
    for (const scope of SCOPE_NAMES) this.ends(node, scope);
  }

  /** Adds a subscriber; the oldest of many goes. */
  subscribe(node: SimulatedNode, scope: ScopeName): void {
    const folds = this.#foldsOf(node).get(scope);
    if (folds === undefined) return;
    folds.push(new Fold(node, scope));
    folds.at(-1)!.checkAll();
    if (folds.length > 3) folds.shift()!.end();
  }

  /** A `replicated()` was called. */
  promised(node: SimulatedNode, scope: ScopeName, id: number): void {
    // A later run of the scope may not be known there: the one before was waited for, and dropped out.
    const latest = this.#agenda.now - this.#times.knownAfterMs;
    const isKnown = (peer: SimulatedNode): boolean =>
      !peer.isHostile &&
      (this.truth.isFirstRun(peer, scope) ||
        (this.truth.runsSince(peer, scope) < latest && node.protocol.reachable(peer.incarnation)));
    this.#promises.made(node, scope, id, this.#nodes.filter(isKnown));
  }

  /** Says how well every node can reach every other now. */
  observe(troublesOf: (from: SimulatedNode, to: SimulatedNode) => readonly Trouble[]): void {
    for (const from of this.#nodes) {
      if (!from.running) continue;
      for (const to of this.#nodes) {
        if (to.running && to !== from)
          this.#contact(from, to).observe(troublesOf(from, to), this.#agenda.now);
      }
    }
  }

  wrote(node: SimulatedNode, scope: ScopeName, diff: Diff, revision: number): void {
    this.#judging(() => this.truth.wrote(node, scope, diff, revision));
  }

  told(node: SimulatedNode, effect: NodeEffect): void {
    this.#judging(() => {
      if (effect.type === 'diff') this.#diff(node, effect);
      else if (effect.type === 'peer') this.#peer(node, effect.event);
      else if (effect.type === 'fenced') this.#fenced(node, effect.by.incarnation);
      else if (effect.type === 'replicated') this.#promises.ended(node, effect);
      else if (effect.type === 'warn') this.#warned(node, effect);
    });
  }

  hearing(node: SimulatedNode, subject: string, bytes: Uint8Array, take: () => void): void {
    const fault = this.refusals.faultOf(node, subject, bytes, take);
    if (fault === undefined) return;
    this.#judging(() => {
      throw new Violation(9, fault);
    });
  }

  settled(node: SimulatedNode): void {
    this.#judging(() => {
      this.#checkFolds(node);
      this.#promises.check(node);
    });
  }

  /** What is checked after every step, of every node. */
  afterStep(): void {
    this.#judging(() => {
      for (const node of this.#nodes) {
        if (!node.running) continue;
        checkMemory(node);
        this.#checkFolds(node);
      }
    });
    if (this.verdict !== undefined) throw this.verdict;
  }

  /** Every subscriber against every table, whole. */
  compareFolds(): void {
    for (const scopes of this.#folds.values()) {
      for (const folds of scopes.values()) for (const fold of folds) fold.checkAll();
    }
  }

  /** Every `replicated()` has ended, in one way or the other. */
  checkNothingPromised(): void {
    for (const node of this.#nodes) if (node.takesPart) this.#promises.checkNone(node);
  }

  #diff(node: SimulatedNode, { scope, diff, cause }: Extract<NodeEffect, { type: 'diff' }>): void {
    const gone = this.#gone.get(node)!.get(scope as ScopeName)!;
    for (const change of diff) {
      this.changes += change.rows.length;
      for (const [index, row] of change.rows.entries()) {
        if (this.#nodeOf(row.pid.incarnation)?.isHostile) continue;
        if (change.kind === 'leave') {
          if (cause !== 'node-down') {
            if (this.truth.isThere(row))
              throw new Violation(
                2,
                `${node.name} let ${textOf(row)} leave (${cause}), which its owner still has.`,
              );
            gone.add(idOf(row));
          }
          continue;
        }
        this.truth.check(node, scope, row);
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
    const peer = this.#nodeOf(event.incarnation)!;
    this.#promises.parted(node, peer);
    if (!peer.takesPart || peer.isHostile) return;
    const objection = this.#objectionTo(node, peer, event.reason);
    if (objection !== undefined)
      throw new Violation(2, `${node.name} removed ${peer.name} (${event.reason}), but ${objection}.`);
  }

  #objectionTo(node: SimulatedNode, peer: SimulatedNode, reason: RemovalReason): string | undefined {
    if (reason === 'goodbye') return peer.left ? undefined : 'it never said goodbye';
    if (reason === 'superseded') {
      const rivals = this.#nodes.some((other) => other !== peer && other.name === peer.name);
      return rivals ? undefined : 'it is the only one of its name that ever was';
    }
    return this.#contact(node, peer).objectionTo(reason, this.#agenda.now);
  }

  #fenced(node: SimulatedNode, by: string): void {
    this.#log(`    ${node.name}${node.incarnation.slice(-3)}: fenced by ${by.slice(-3)}`);
    this.endsAll(node);
    const since = Math.min(this.#agenda.now, node.turn.oldestNewsAt) - this.#times.longestWayMs;
    const rival = this.#nodes.some(
      (other) => other !== node && other.name === node.name && other.endedAt >= since && !other.isFenced,
    );
    if (!rival) throw new Violation(6, `${node.name} was fenced by ${by}, and no namesake of it is alive.`);
  }

  #warned(
    node: SimulatedNode,
    { reason, message }: { readonly reason: string; readonly message: string },
  ): void {
    this.#log(`    ${node.name}${node.incarnation.slice(-3)}: warns of ${reason}`);
    // Limits of nodes differ: what is too large to be put together here is synced instead.
    if (message.includes('too large')) return;
    if (this.refusals.isShameful(reason, message)) throw new Violation(9, `${node.name} warns: ${message}`);
  }

  #contact(from: SimulatedNode, to: SimulatedNode): Contact {
    let contacts = this.#contacts.get(from);
    if (contacts === undefined) this.#contacts.set(from, (contacts = new Map()));
    let contact = contacts.get(to);
    if (contact === undefined)
      contacts.set(to, (contact = new Contact(this.#agenda.now, from.options, this.#times.longestWayMs)));
    return contact;
  }

  #checkFolds(node: SimulatedNode): void {
    for (const folds of this.#foldsOf(node).values()) for (const fold of folds) fold.check();
  }

  #nodeOf(incarnation: string): SimulatedNode | undefined {
    return this.#nodes.find((node) => node.incarnation === incarnation);
  }

  #foldsOf(node: SimulatedNode): Map<ScopeName, Fold[]> {
    let folds = this.#folds.get(node);
    if (folds === undefined) this.#folds.set(node, (folds = new Map()));
    return folds;
  }

  #judging(judge: () => void): void {
    if (this.verdict !== undefined) return;
    try {
      judge();
    } catch (error) {
      this.verdict = error instanceof Violation ? error : new Violation(9, String(error));
    }
  }
}

function checkMemory(node: SimulatedNode): void {
  const { maxUnsentOps, ringBytes, parkingBytes, maxPeers, maxTombstones } = node.options;
  const { peers, tombstones, memory, counters } = node.protocol.stats();
  const bounds = [
    ['unsent operations', memory.unsentOperations, maxUnsentOps],
    ['recent operations', memory.ringBytes, ringBytes],
    ['parked frames', memory.parkingBytes, parkingBytes],
    ['peers', peers, maxPeers],
    ['kinds of counters', Object.keys(counters).length, MOST_COUNTERS],
    ['names', tombstones, maxPeers + maxTombstones],
  ] as const;
  for (const [what, used, bound] of bounds) {
    if (used > bound || used < 0)
      throw new Violation(5, `${node.name} holds ${used} of ${what}; the bound is ${bound}.`);
  }
}
