import type { PgRegistryNode } from '../node';
import { formatKey } from '../term';
import type { Network } from './network';
import { entryDifferences, scopeView, type ScopeView } from './scope-view';

/** How many differences are listed at most. */
const MAX_LISTED = 20;

/** Lists what differs between the views of the nodes and the network, each difference as a sentence. Visits every entry of every node. */
export function differences(nodes: readonly PgRegistryNode[], network: Network): readonly string[] {
  const found: string[] = [];
  for (const difference of all(nodes, network)) {
    if (found.push(difference) >= MAX_LISTED) break;
  }
  return found;
}

/** Lists the differences in who sees whom. Much cheaper than {@link differences}; entries cannot agree before peers do. */
export function* peerDifferences(nodes: readonly PgRegistryNode[], network: Network): Generator<string> {
  for (const viewer of nodes) {
    const peers = new Map(viewer.peers().map((peer) => [peer.incarnation, peer]));
    for (const other of nodes) {
      const peer = peers.get(other.incarnation);
      peers.delete(other.incarnation);
      if (other === viewer) continue;
      if (!network.canTalk(viewer.name, other.name)) {
        if (peer !== undefined) yield `${viewer.name} still has ${other.name} as a peer.`;
      } else if (peer === undefined) yield `${viewer.name} does not see ${other.name}.`;
      else if (peer.suspect) yield `${viewer.name} suspects ${other.name}.`;
    }
    for (const { node } of peers.values())
      yield `${viewer.name} still has ${node} as a peer, although it is gone.`;
  }
}

function* all(nodes: readonly PgRegistryNode[], network: Network): Generator<string> {
  yield* peerDifferences(nodes, network);
  for (const scope of new Set(nodes.flatMap(scopesOf))) {
    const running = nodes.filter((node) => scopesOf(node).includes(scope));
    yield* scopeDifferences(scope, new Map(running.map((node) => [node, scopeView(node, scope)])), network);
  }
}

/** Each node must see exactly the owner's entries of every node that it can talk to, and none of any other. */
function* scopeDifferences(
  scope: string,
  views: ReadonlyMap<PgRegistryNode, ScopeView>,
  network: Network,
): Generator<string> {
  for (const [viewer, view] of views) {
    const reachable = [...views].filter(
      ([owner]) => owner === viewer || network.canTalk(owner.name, viewer.name),
    );
    for (const [{ name, incarnation }, ownView] of reachable) {
      for (const { key, own, seen } of entryDifferences(ownView.get(incarnation), view.get(incarnation)))
        yield `Scope '${scope}', key ${formatKey(key)}: ${name} has ${own}, ${viewer.name} sees ${seen}.`;
    }
    const known = new Set(reachable.map(([{ incarnation }]) => incarnation));
    for (const [incarnation, entries] of view) {
      if (!known.has(incarnation))
        yield `Scope '${scope}': ${viewer.name} sees ${entries.size} entries of a node that is gone.`;
    }
  }
}

function scopesOf(node: PgRegistryNode): readonly string[] {
  return Object.keys(node.stats().scopes);
}
