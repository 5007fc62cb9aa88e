import type { NodeEffect } from '../../libs/pg-registry/src/node/protocol-driver';
import { Violation } from './invariants';
import type { ScopeName, SimulatedNode } from './simulated-node';
import { textOf } from './reference-model';

/** A `replicated()` that has not ended. */
interface ReplicatedCall {
  readonly scope: ScopeName;
  readonly run: number;
  /** The operation that all peers must have. */
  readonly number: number;
  /** Peers that had the scope then, with the run of it there. */
  readonly peers: Map<SimulatedNode, number>;
  /** It was said that all have it; looked at when all that belongs to that turn was told. */
  isKept: boolean;
}

/** Every `replicated()` that was called, and whether what it said was true. */
export class ReplicatedCalls {
  readonly #made = new Map<SimulatedNode, Map<number, ReplicatedCall>>();

  /** @param candidates Who may be a peer that has the scope */
  made(node: SimulatedNode, scope: ScopeName, id: number, candidates: readonly SimulatedNode[]): void {
    const { last, run } = node.protocol.stream(scope);
    const peers = new Map<SimulatedNode, number>();
    for (const peer of candidates) {
      const knows = node.protocol.peer(peer.incarnation)?.scopes.includes(scope);
      if (knows && peer.tableOf(scope)) peers.set(peer, peer.protocol.stream(scope).run);
    }
    const made = this.#made.get(node) ?? new Map<number, ReplicatedCall>();
    this.#made.set(node, made.set(id, { scope, run, number: last, peers, isKept: false }));
  }

  /**
   * One node has removed another: it waits for it no longer, and the other way round what it had applied and answered for is
   * gone, which its asker cannot know.
   */
  parted(node: SimulatedNode, peer: SimulatedNode): void {
    for (const { peers } of this.#made.get(node)?.values() ?? []) peers.delete(peer);
    for (const { peers } of this.#made.get(peer)?.values() ?? []) peers.delete(node);
  }

  /** One has ended, in whatever way. */
  ended(node: SimulatedNode, { id, laggards, connected }: Extract<NodeEffect, { type: 'replicated' }>): void {
    const promised = this.#made.get(node)?.get(id);
    if (promised !== undefined && connected && laggards.length === 0) promised.isKept = true;
    else this.#made.get(node)?.delete(id);
  }

  /** @throws Violation if one has not ended */
  checkNone(node: SimulatedNode): void {
    const open = this.#made.get(node)?.size ?? 0;
    if (open > 0) throw new Violation(7, `${open} calls of ${node.name} have not ended`);
  }

  /** Looks at those that were kept in the turn that is over. @throws Violation */
  check(node: SimulatedNode): void {
    for (const [id, promised] of this.#made.get(node) ?? []) {
      if (!promised.isKept) continue;
      this.#made.get(node)!.delete(id);
      checkOne(node, promised);
    }
  }
}

/** Whatever was written up to the operation and is still as it was then has to be there. */
function checkOne(node: SimulatedNode, { scope, run, number, peers }: ReplicatedCall): void {
  const table = node.tableOf(scope);
  if (table === undefined || node.protocol.stream(scope).run !== run) return;
  for (const [peer, peerRun] of peers) {
    const copies = peer.tableOf(scope);
    const isHere = peer.takesPart && copies !== undefined && peer.protocol.stream(scope).run === peerRun;
    // It may have removed the node in the meantime, and with it what it had.
    if (!isHere || !peer.protocol.knows(node.incarnation)) continue;
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
