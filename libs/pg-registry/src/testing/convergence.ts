import type { PgRegistryNode } from '../node';
import { formatKey } from '../term';
import type { Network } from './network';
import { entryDifferences, scopeView, type ScopeView } from './scope-view';

/** Differences that are listed; whoever has more has enough. */
const MAX_LISTED = 20;

/** What differs between the views of the nodes and the network, each in a sentence. Costs a walk over all entries. */
export function differences(nodes: readonly PgRegistryNode[], network: Network): readonly string[] {
  const found: string[] = [];
  for (const difference of all(nodes, network)) {
    if (found.push(difference) >= MAX_LISTED) break;
  }
  return found;
}

/** Who sees whom. Costs nothing next to {@link differences}, and without it entries cannot agree. */
export function* peerDifferences(nodes: readonly PgRegistryNode[], network: Network): Generator<string> {
  for (const viewer of nodes) {
    const peers = new Map(viewer.peers().map((peer) => [peer.incarnation, peer]));
    for (const other of nodes) {
      const peer = peers.get(other.incarnation);
      peers.delete(other.incarnation);
      if (other === viewer) continue;
      if (!network.talk(viewer.name, other.name)) {
        if (peer !== undefined) yield `${viewer.name} still has ${other.name} as a peer.`;
      } else if (peer === undefined) yield `${viewer.name} does not see ${other.name}.`;
      else if (peer.suspect) yield `${viewer.name} suspects ${other.name}.`;
    }
    for (const { node } of peers.values()) yield `${viewer.name} still has ${node} as a peer, which is gone.`;
  }
}

function* all(nodes: readonly PgRegistryNode[], network: Network): Generator<string> {
  yield* peerDifferences(nodes, network);
  for (const scope of new Set(nodes.flatMap(scopesOf))) {
    const running = nodes.filter((node) => scopesOf(node).includes(scope));
    yield* ofScope(scope, new Map(running.map((node) => [node, scopeView(node, scope)])), network);
  }
}

/** Everybody sees of an owner what the owner has, and nothing of those that are out of sight. */
function* ofScope(
  scope: string,
  views: ReadonlyMap<PgRegistryNode, ScopeView>,
  network: Network,
): Generator<string> {
  for (const [viewer, view] of views) {
    const inSight = [...views].filter(([owner]) => owner === viewer || network.talk(owner.name, viewer.name));
    for (const [{ name, incarnation }, ownView] of inSight) {
      for (const { key, own, seen } of entryDifferences(ownView.get(incarnation), view.get(incarnation)))
        yield `Scope '${scope}', key ${formatKey(key)}: ${name} has ${own}, ${viewer.name} sees ${seen}.`;
    }
    const known = new Set(inSight.map(([{ incarnation }]) => incarnation));
    for (const [incarnation, entries] of view) {
      if (!known.has(incarnation))
        yield `Scope '${scope}': ${viewer.name} sees ${entries.size} entries of a node that is gone.`;
    }
  }
}

function scopesOf(node: PgRegistryNode): readonly string[] {
  return Object.keys(node.stats().scopes);
}
