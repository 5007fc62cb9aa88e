import type { NodeEffect } from '../../libs/pg-registry/src/node/protocol-driver';
import { Violation } from './invariants';
import type { ScopeName, SimulatedNode } from './simulated-node';
import { textOf } from './reference-model';

/** A `replicated()` that has not ended. */
interface ReplicatedCall {
  readonly scope: ScopeName;
  readonly run: number;
  /** The operation that all peers must have applied. */
  readonly number: number;
  /** Peers that had the scope at the call, with its run there. */
  readonly peers: Map<SimulatedNode, number>;
  /** It reported that all peers have the operation; checked at the end of that turn. */
  hasSucceeded: boolean;
}

/** Tracks every call of `replicated()` and checks that what it reported is true. */
export class ReplicatedCalls {
  readonly #open = new Map<SimulatedNode, Map<number, ReplicatedCall>>();

  /** @param candidates Nodes that may be peers with the scope */
  called(node: SimulatedNode, scope: ScopeName, id: number, candidates: readonly SimulatedNode[]): void {
    const { operations, run } = node.protocol.stream(scope);
    const peers = new Map<SimulatedNode, number>();
    for (const peer of candidates) {
      const knows = node.protocol.peer(peer.incarnation)?.scopes.includes(scope);
      if (knows && peer.tableOf(scope)) peers.set(peer, peer.protocol.stream(scope).run);
    }
    const calls = this.#open.get(node) ?? new Map<number, ReplicatedCall>();
    this.#open.set(node, calls.set(id, { scope, run, number: operations.last, peers, hasSucceeded: false }));
  }

  /**
   * One node removed another. It no longer waits for the other; and it has dropped what it applied and acknowledged, which
   * the other cannot know.
   */
  peerRemoved(node: SimulatedNode, peer: SimulatedNode): void {
    for (const { peers } of this.#open.get(node)?.values() ?? []) peers.delete(peer);
    for (const { peers } of this.#open.get(peer)?.values() ?? []) peers.delete(node);
  }

  /** A call ended, with success or not. */
  ended(node: SimulatedNode, { id, laggards, connected }: Extract<NodeEffect, { type: 'replicated' }>): void {
    const call = this.#open.get(node)?.get(id);
    if (call !== undefined && connected && laggards.length === 0) call.hasSucceeded = true;
    else this.#open.get(node)?.delete(id);
  }

  /** Checks that every call of a node has ended. @throws Violation */
  checkNoneOpen(node: SimulatedNode): void {
    const open = this.#open.get(node)?.size ?? 0;
    if (open > 0) throw new Violation(7, `${open} calls of ${node.name} have not ended`);
  }

  /** Checks the calls that succeeded in the turn that just ended. @throws Violation */
  check(node: SimulatedNode): void {
    for (const [id, call] of this.#open.get(node) ?? []) {
      if (!call.hasSucceeded) continue;
      this.#open.get(node)!.delete(id);
      checkOne(node, call);
    }
  }
}

/** Checks that every peer has each entry up to the operation that has not changed since. */
function checkOne(node: SimulatedNode, { scope, run, number, peers }: ReplicatedCall): void {
  const table = node.tableOf(scope);
  if (table === undefined || node.protocol.stream(scope).run !== run) return;
  for (const [peer, peerRun] of peers) {
    const copies = peer.tableOf(scope);
    const isHere = peer.isMember && copies !== undefined && peer.protocol.stream(scope).run === peerRun;
    // The peer may have removed the node meanwhile, and with it the node's entries.
    if (!isHere || peer.protocol.peer(node.incarnation) === undefined) continue;
    for (const row of table.rows()) {
      if (row.pid.incarnation !== node.incarnation || row.revision > number) continue;
      const copy = copies.rowByNumber(node.incarnation, row.number);
      if (copy !== undefined && copy.revision >= row.revision) continue;
      throw new Violation(
        7,
        `${node.name} was told that all have operation ${number} of ${scope}; ${peer.name} lacks ${textOf(row)}.`,
      );
    }
  }
}
