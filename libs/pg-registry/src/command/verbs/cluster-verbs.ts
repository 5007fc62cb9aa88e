import type { NodeFact, ObservedNode } from '../../observer';
import { bytes, type Colour, type Column, duration } from '../output';
import { sleep } from '../session';
import type { Verb } from '../verb';

function stateOf({ answer, fact, suspectedBy }: ObservedNode): string {
  if (answer !== 'ok') return answer === 'nobody' ? 'gone' : answer;
  return suspectedBy.length > 0 ? `${fact?.state ?? ''}, suspected` : (fact?.state ?? '');
}

function colourOf(node: ObservedNode): Colour {
  const state = stateOf(node);
  if (state === 'ready') return 'green';
  return node.answer === 'ok' ? 'yellow' : 'red';
}

function notesOf({ suspectedBy, unknownTo, fact }: ObservedNode): string {
  const notes: string[] = [];
  if (suspectedBy.length > 0) notes.push(`suspected by ${suspectedBy.join(', ')}`);
  if (unknownTo.length > 0) notes.push(`unknown to ${unknownTo.join(', ')}`);
  if (fact !== undefined && fact.problem !== '') notes.push(fact.problem);
  return notes.join('; ');
}

const ofFact =
  (text: (fact: NodeFact) => string) =>
  ({ fact }: ObservedNode): string =>
    fact === undefined ? '-' : text(fact);

/** The columns of `nodes`. */
export const NODE_COLUMNS: readonly Column<ObservedNode>[] = [
  { title: 'NODE', of: ({ node }) => node },
  { title: 'STATE', of: stateOf, colour: colourOf },
  { title: 'VERSION', of: ofFact(({ version }) => version || '-') },
  { title: 'UP', of: ofFact(({ clock, startedAt }) => duration(clock - startedAt)), right: true },
  { title: 'CPU', of: ofFact(({ cpu }) => `${Math.round(cpu * 100)} %`), right: true },
  { title: 'HEAP', of: ofFact(({ heapBytes }) => bytes(heapBytes)), right: true },
  { title: 'PEERS', of: ofFact(({ peers }) => String(peers.length)), right: true },
  { title: 'PROCESSES', of: ofFact(({ processes }) => String(processes)), right: true },
  { title: 'IN FLIGHT', of: ofFact(({ inFlight }) => String(inFlight)), right: true },
  { title: 'NAMES', of: ofFact(({ names }) => String(names)), right: true },
  { title: 'ENTITIES', of: ofFact(({ entities }) => String(entities)), right: true },
  { title: 'ROUND TRIP', of: ({ roundTripMs }) => duration(roundTripMs), right: true },
  { title: 'NOTES', of: notesOf, colour: () => 'yellow' },
];

/** Verbs about nodes. */
export const CLUSTER_VERBS: readonly Verb[] = [
  {
    name: 'nodes',
    words: '',
    summary: 'every node, and how it is',
    help: 'Asks every node about itself, and tells what the nodes think of each other. Ends with 1 if one does not answer or is suspected.',
    example: 'nestjs-pg-registry nodes --json',
    run: async ({ facts, out }) => {
      const nodes = await facts.nodes();
      out.rows(nodes, NODE_COLUMNS, 'There are no nodes.');
      return nodes.every(({ answer, suspectedBy }) => answer === 'ok' && suspectedBy.length === 0) ? 0 : 1;
    },
  },
  {
    name: 'node',
    words: 'NODE',
    summary: 'all that one node says about itself',
    help: 'Asks one node about itself: state, versions, clock, memory, and what it thinks of each peer.',
    example: 'nestjs-pg-registry node orders-1',
    run: async ({ facts, out }, [name]) => {
      const node = await facts.node(name);
      out.either(node, () => {
        const { fact } = node;
        if (fact === undefined) return;
        const { peers, ...rest } = fact;
        for (const [label, value] of Object.entries({
          ...rest,
          roundTripMs: node.roundTripMs,
          clockSkewMs: node.clockSkewMs,
        }))
          out.line(`${label.padEnd(16)}${Array.isArray(value) ? value.join(' to ') : String(value)}`);
        out.line('');
        out.rows(
          peers.toSorted((a, b) => (a.node < b.node ? -1 : 1)),
          [
            { title: 'PEER', of: (peer) => peer.node },
            { title: 'STATE', of: (peer) => peer.state },
            {
              title: 'SUSPECT',
              of: (peer) => peer.suspect || 'no',
              colour: (peer) => (peer.suspect === false ? 'green' : 'red'),
            },
            { title: 'INCARNATION', of: (peer) => peer.incarnation },
          ],
          'It knows no other node.',
        );
      });
      return 0;
    },
  },
  {
    name: 'ping',
    words: '[NODE]',
    summary: 'how long nodes take to answer',
    help: 'Asks one node, or every node, and shows how long the answer took and by how much the clock of the node is ahead. `--rounds 5` does so five times.',
    example: 'nestjs-pg-registry ping orders-1 --rounds 5',
    run: async ({ facts, out, settings, signal }, [name]) => {
      let isWell = true;
      const rounds = settings.rounds === Infinity ? 1 : settings.rounds;
      for (let round = 0; round < rounds && !signal.aborted; round += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one round after the other
        if (round > 0) await sleep(1000, signal);
        // oxlint-disable-next-line no-await-in-loop
        const nodes = name === undefined ? await facts.nodes() : [await facts.node(name)];
        for (const { node, answer, roundTripMs, clockSkewMs } of nodes) {
          isWell &&= answer === 'ok';
          const clock = `clock ${(clockSkewMs ?? 0) >= 0 ? '+' : ''}${clockSkewMs ?? 0} ms`;
          out.either({ node, answer, roundTripMs, clockSkewMs }, () =>
            out.line(answer === 'ok' ? `${node}: ${duration(roundTripMs)}, ${clock}` : `${node}: ${answer}`),
          );
        }
      }
      return isWell ? 0 : 1;
    },
  },
  {
    name: 'drain',
    words: 'NODE',
    summary: 'lets a node hand over its work and leave',
    help:
      'Tells a node to drain, as on SIGTERM: others stop picking it, calls in flight finish, its entries leave. Its Node.js process goes on. The ' +
      "node must allow it (observer: { allow: ['drain'] }), and the broker, too (observerPermissionsOf(…, { act: true })).",
    example: 'nestjs-pg-registry drain orders-1',
    run: async ({ facts, out }, [name]) => {
      await facts.drain(name);
      out.either({ node: name, draining: true }, () => out.line(`${name} drains.`));
      return 0;
    },
  },
];
