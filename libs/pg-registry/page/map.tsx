import type { JSX } from 'preact';
import type { ObservedNode } from '../src/observer/facts';
import { type Departed, standingOf } from './departed';

const SIZE = 320;
const CENTRE = SIZE / 2;
const RADIUS = 105;
/** Of more nodes, the names would lie over each other. */
const MOST_NAMED = 24;
/** More lines are but a blot, and take a browser long. */
const MOST_CUTS = 500;

/**
 * The nodes on a circle, by name: how each stands, how busy it is, which one it watches first, and who does not hear whom. The table says the
 * same in words.
 */
export function ClusterMap(props: {
  readonly nodes: readonly ObservedNode[];
  readonly departed: readonly Departed[];
}): JSX.Element {
  const { nodes, departed } = props;
  const names = [...nodes, ...departed].map(({ node }) => node).toSorted();
  const order = new Map(names.map((node, at) => [node, at]));
  const placeOf = (node: string): readonly [number, number] => {
    const angle = ((order.get(node) ?? 0) / names.length) * 2 * Math.PI - Math.PI / 2;
    return [CENTRE + RADIUS * Math.cos(angle), CENTRE + RADIUS * Math.sin(angle)];
  };
  const busiest = Math.max(0.05, ...nodes.map(({ fact }) => fact?.cpu ?? 0));
  return (
    <svg class="map" viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={summaryOf(nodes, departed)}>
      {nodes.map(({ node, fact }) => {
        const [next] = fact?.watches ?? [];
        if (next === undefined || !order.has(next)) return undefined;
        const [[x1, y1], [x2, y2]] = [placeOf(node), placeOf(next)];
        return <line key={`watches ${node}`} class="ring" x1={x1} y1={y1} x2={x2} y2={y2} />;
      })}
      {nodes
        .flatMap(({ node, suspectedBy, unknownTo }) =>
          [...suspectedBy, ...unknownTo].map((other) => [node, other] as const),
        )
        .slice(0, MOST_CUTS)
        .map(([node, other]) => {
          const [[x1, y1], [x2, y2]] = [placeOf(node), placeOf(other)];
          return <line key={`${node} ${other}`} class="cut" x1={x1} y1={y1} x2={x2} y2={y2} />;
        })}
      {nodes.map((node) => {
        const [x, y] = placeOf(node.node);
        const radius = 9 + 9 * ((node.fact?.cpu ?? 0) / busiest);
        return <circle key={node.node} class={`node ${standingOf(node)}`} cx={x} cy={y} r={radius} />;
      })}
      {departed.map(({ node }) => {
        const [x, y] = placeOf(node);
        return <circle key={`gone ${node}`} class="node gone" cx={x} cy={y} r={9} />;
      })}
      {names.length <= MOST_NAMED &&
        names.map((node) => {
          const [x, y] = placeOf(node);
          return (
            <text key={node} x={x} y={y + (y < CENTRE ? -22 : 32)} text-anchor="middle">
              {node.length > 20 ? `${node.slice(0, 19)}…` : node}
            </text>
          );
        })}
    </svg>
  );
}

function summaryOf(nodes: readonly ObservedNode[], departed: readonly Departed[]): string {
  const standings = new Map<string, number>();
  for (const node of nodes) standings.set(standingOf(node), (standings.get(standingOf(node)) ?? 0) + 1);
  if (departed.length > 0) standings.set('gone', departed.length);
  return `Map of the cluster: ${Array.from(standings, ([standing, many]) => `${many} ${standing}`).join(', ')}`;
}
