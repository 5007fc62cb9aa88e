import type { ObservedNode } from '../src/observer/facts';

/** A node that was seen, and is not there any more. */
export interface Departed {
  readonly node: string;
  readonly incarnation: string;
  /** When it was missed, in milliseconds since 1970. */
  readonly at: number;
}

/** How long a node that has gone stays on the map. */
const SHOWN_MS = 60_000;

/** Returns the nodes that have gone lately: those of before, and those that were there the last time and are not now. */
export function departedOf(
  before: readonly Departed[],
  last: readonly ObservedNode[],
  now: readonly ObservedNode[],
  at: number,
): readonly Departed[] {
  const present = new Set(now.map(({ node }) => node));
  const gone = last
    .filter(({ node }) => !present.has(node))
    .map(({ node, incarnation }) => ({ node, incarnation, at }));
  const kept = before.filter(
    (one) => at - one.at < SHOWN_MS && !present.has(one.node) && gone.every(({ node }) => node !== one.node),
  );
  return [...kept, ...gone];
}

/** How a node stands, in one word. */
export function standingOf({
  answer,
  suspectedBy,
  fact,
}: ObservedNode): 'ready' | 'draining' | 'suspect' | 'silent' | 'starting' {
  if (suspectedBy.length > 0) return 'suspect';
  if (answer !== 'ok' || fact === undefined) return 'silent';
  if (fact.state === 'ready') return 'ready';
  return fact.state === 'draining' ? 'draining' : 'starting';
}
