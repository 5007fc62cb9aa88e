import type { Asked } from './fact-source';
import type { NodeFact, ObservedNode, ObservedScope, PeerFact, ScopeFact } from './facts';

/** A node that was asked about itself. */
export interface Answered {
  readonly node: string;
  readonly asked: Asked;
  readonly fact: NodeFact | undefined;
  /** When its answer was read, by the asker's clock. */
  readonly at: number;
}

/** How each node that answered sees the others, by name. */
export type Views = ReadonlyMap<string, ReadonlyMap<string, PeerFact>>;

/** What nodes say of each other, put in order once. */
export function viewsOf(all: readonly Answered[]): Views {
  return new Map(
    all.flatMap(({ node, fact }) =>
      fact === undefined ? [] : [[node, new Map(fact.peers.map((peer) => [peer.node, peer]))]],
    ),
  );
}

/** A node as all that answered see it. Costs the number of those. */
export function observedOf({ node, asked, fact, at }: Answered, views: Views): ObservedNode {
  const suspectedBy: string[] = [];
  const unknownTo: string[] = [];
  let incarnation = fact?.incarnation;
  for (const [other, peers] of views) {
    if (other === node) continue;
    const peer = peers.get(node);
    incarnation ??= peer?.incarnation;
    if (peer === undefined) unknownTo.push(other);
    else if (peer.suspect !== false) suspectedBy.push(other);
  }
  const roundTripMs = asked.type === 'ok' ? asked.ms : undefined;
  return {
    node,
    incarnation: incarnation ?? '',
    answer:
      asked.type === 'ok'
        ? fact === undefined
          ? 'malformed'
          : 'ok'
        : asked.type === 'refused'
          ? 'malformed'
          : asked.type,
    roundTripMs,
    clockSkewMs: fact === undefined ? undefined : Math.round(fact.clock + (roundTripMs ?? 0) / 2 - at),
    suspectedBy,
    unknownTo,
    fact,
  };
}

/** A scope as all nodes have it, by their names. */
export function scopeOf(scope: string, by: ReadonlyMap<string, ScopeFact>): ObservedScope {
  const facts = [...by.values()];
  const modes = new Set(facts.map(({ keys }) => keys));
  const lastOf = (node: string, heard: number): number => Math.max(by.get(node)?.last ?? 0, heard);
  const streams = facts.flatMap((fact) => fact.streams);
  return {
    scope,
    keys: modes.size > 1 ? 'mixed' : facts[0].keys,
    nodes: [...by.keys()].toSorted(),
    entries: finite(facts.reduce((sum, { local }) => sum + local, 0)),
    lag: finite(
      streams.reduce((most, { node, heard, applied }) => Math.max(most, lastOf(node, heard) - applied), 0),
    ),
    unsynced: streams.filter(({ phase }) => phase !== 'live').length,
    // From entries: a node may be called `__proto__`.
    by: Object.fromEntries(by),
  };
}

/** Each figure that a node tells is finite, but a sum of them need not be, and JSON has no infinity. */
function finite(sum: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum));
}
