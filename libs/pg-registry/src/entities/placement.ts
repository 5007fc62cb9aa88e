import { canonicalText, hashText, type Key, mixHash } from '../term';

/** What a weight is made of: the node. */
interface Placeable {
  readonly node: string;
}

/**
 * Ranks nodes for one entity by rendezvous hashing: each node gets a number from the entity's type and key and from its own name, and the
 * highest comes first. All nodes rank alike. When a node joins or leaves, only the entities that it wins move. A node that is restarted under
 * its name wins the same entities again.
 *
 * After: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998.
 */
export function ranked<H extends Placeable>(type: string, key: Key, hosts: readonly H[]): H[] {
  const hash = hashOf(type, key);
  return hosts
    .map((host) => ({ host, weight: weight(hash, host) }))
    .toSorted((a, b) => b.weight - a.weight || (a.host.node < b.host.node ? -1 : 1))
    .map(({ host }) => host);
}

/** Tells whether an entity of this type and key belongs to the first node rather than to the second. */
export function isBetter(type: string, key: Key, a: Placeable, b: Placeable): boolean {
  return ranked(type, key, [a, b])[0] === a;
}

function hashOf(type: string, key: Key): number {
  return hashText(`${type.length}:${type}${canonicalText(key)}`);
}

function weight(hash: number, { node }: Placeable): number {
  return mixHash(hash ^ mixHash(hashText(node)));
}
