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

/** A node as all that answered see it. */
export function observedOf({ node, asked, fact, at }: Answered, all: readonly Answered[]): ObservedNode {
  const others = all.filter((other) => other.node !== node && other.fact !== undefined);
  const incarnation =
    fact?.incarnation ??
    others.flatMap((other) => other.fact?.peers ?? []).find((peer) => peer.node === node)?.incarnation ??
    '';
  const seenBy = (other: Answered): PeerFact | undefined =>
    other.fact?.peers.find((peer) => peer.node === node);
  const roundTripMs = asked.type === 'ok' ? asked.ms : undefined;
  return {
    node,
    incarnation,
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
    suspectedBy: others
      .filter((other) => (seenBy(other)?.suspect ?? false) !== false)
      .map((other) => other.node),
    unknownTo: others.filter((other) => seenBy(other) === undefined).map((other) => other.node),
    fact,
  };
}

/** A scope as all nodes have it, by their names. */
export function scopeOf(scope: string, by: Readonly<Record<string, ScopeFact>>): ObservedScope {
  const facts = Object.values(by);
  const modes = new Set(facts.map(({ keys }) => keys));
  const lastOf = (node: string, heard: number): number => Math.max(by[node]?.last ?? 0, heard);
  const streams = facts.flatMap((fact) => fact.streams);
  return {
    scope,
    keys: modes.size > 1 ? 'mixed' : facts[0].keys,
    nodes: Object.keys(by).toSorted(),
    entries: facts.reduce((sum, { local }) => sum + local, 0),
    lag: Math.max(0, ...streams.map(({ node, heard, applied }) => lastOf(node, heard) - applied)),
    unsynced: streams.filter(({ phase }) => phase !== 'live').length,
    by,
  };
}
