import {
  type EntityFact,
  type HandlerFact,
  type Json,
  keyOfText,
  type NameFact,
  type ProcessFact,
} from '../../observer';
import { type Column, duration } from '../output';
import { sleep } from '../session';
import { UsageError } from '../settings';
import { jsonText, shortPid, type Verb, type Work } from '../verb';
import { NODE_COLUMNS } from './cluster-verbs';

/** How often `top` looks again. */
const ROUND_MS = 1000;
/** The store is asked about so many names at most. */
const MOST_ASKED_NAMES = 20;

const HANDLER_COLUMNS: readonly Column<HandlerFact>[] = [
  { title: 'HANDLER', of: ({ handler }) => handler },
  { title: 'NODE', of: ({ node }) => node },
  { title: 'RUNS', of: ({ runs }) => String(runs), right: true },
  { title: 'RATE/S', of: ({ rate }) => rate.toFixed(1), right: true },
  { title: 'P50', of: ({ p50Ms }) => duration(p50Ms), right: true },
  { title: 'P99', of: ({ p99Ms }) => duration(p99Ms), right: true },
  {
    title: 'ERRORS',
    of: ({ errors }) =>
      Object.entries(errors)
        .map(([code, count]) => `${code} ${count}`)
        .join(', '),
    colour: () => 'red',
  },
];

const PROCESS_COLUMNS: readonly Column<ProcessFact>[] = [
  { title: 'PID', of: ({ pid }) => shortPid(pid) },
  { title: 'LABEL', of: ({ label }) => label || '-' },
  { title: 'WAITING', of: ({ waiting }) => String(waiting), right: true },
  { title: 'RUNNING', of: ({ running }) => String(running), right: true },
  { title: 'HANDLED', of: ({ handled }) => String(handled), right: true },
  { title: 'LONGEST', of: ({ longestMs }) => duration(longestMs), right: true },
  { title: 'ORDER', of: ({ serial }) => (serial ? 'one at a time' : 'concurrent') },
];

async function answeringNodes({ facts, settings }: Work, node = settings.node): Promise<readonly string[]> {
  if (node !== undefined) return [node];
  const nodes = await facts.nodes();
  return nodes.filter(({ answer }) => answer === 'ok').map((one) => one.node);
}

/** A destination as somebody types it: a pid, `SCOPE:KEY`, or `entity:TYPE:KEY`. */
export function destinationOf(text: string): Json {
  if (/\/[0-9a-f]{16}\/\d+$/.test(text)) return text;
  const [first, ...rest] = text.split(':');
  if (first === 'entity' && rest.length > 1)
    return { entity: rest[0], key: keyOfText(rest.slice(1).join(':')) };
  if (rest.length === 0)
    throw new UsageError('A destination must be a pid (node/incarnation/id), SCOPE:KEY, or entity:TYPE:KEY.');
  return { scope: first, key: keyOfText(rest.join(':')) };
}

/** Verbs about processes, calls, names and entities. */
export const PROCESS_VERBS: readonly Verb[] = [
  {
    name: 'top',
    words: '',
    summary: 'the busiest nodes and handlers, again each second',
    help: 'Shows all nodes, and the handlers that run most often. Nodes measure their handlers from the first look on, and for a minute after the last one.',
    example: 'nestjs-pg-registry top',
    run: async (work) => {
      const { facts, out, settings, signal } = work;
      for (let round = 0; round < settings.rounds && !signal.aborted; round += 1) {
        // oxlint-disable-next-line no-await-in-loop -- round after round
        if (round > 0) await sleep(ROUND_MS, signal);
        if (signal.aborted) break;
        // oxlint-disable-next-line no-await-in-loop
        const nodes = await facts.nodes();
        const answering = nodes.filter(({ answer }) => answer === 'ok');
        // oxlint-disable-next-line no-await-in-loop
        const all = await Promise.all(answering.map(({ node }) => facts.handlers(node)));
        const handlers = all.flat().toSorted((a, b) => b.rate - a.rate);
        if (out.isJson) {
          for (const row of [...nodes, ...handlers]) out.json(row);
          continue;
        }
        const text = `${out.table(nodes, NODE_COLUMNS)}\n${out.table(handlers.slice(0, 30), HANDLER_COLUMNS)}`;
        // To the upper left corner, and clear what was there.
        out.terminal.write(out.terminal.isTerminal ? `\u001B[H\u001B[2J${text}` : `${text}\n`);
      }
      return 0;
    },
  },
  {
    name: 'ps',
    words: '[NODE]',
    summary: 'processes, by the messages that wait for them',
    help: 'Shows the processes of a node, or of all nodes: those with the most waiting messages first. LONGEST is their longest handler since somebody looks.',
    example: 'nestjs-pg-registry ps orders-1 --json',
    run: async (work, [node]) => {
      const { facts, out, settings } = work;
      const found: ProcessFact[] = [];
      for (const one of await answeringNodes(work, node ?? settings.node)) {
        let cursor: string | undefined;
        do {
          // oxlint-disable-next-line no-await-in-loop -- page after page
          const page = await facts.processes(one, cursor);
          found.push(...page.processes);
          ({ cursor } = page);
        } while (cursor !== undefined && found.length < settings.limit);
      }
      const busiest = found.toSorted((a, b) => b.waiting - a.waiting || b.handled - a.handled);
      out.rows(busiest.slice(0, settings.limit), PROCESS_COLUMNS, 'There are no processes.');
      return 0;
    },
  },
  {
    name: 'call',
    words: 'DEST NAME [JSON]',
    summary: 'lets a node call a handler, and shows the answer',
    help:
      'DEST is a pid (node/incarnation/id), SCOPE:KEY for a registered process, or entity:TYPE:KEY. The node that calls, --node or any, must allow it ' +
      "(observer: { allow: ['call'] }), and the broker, too (observerPermissionsOf(…, { act: true })).",
    example: 'nestjs-pg-registry call counters:visits add 1',
    run: async ({ facts, out, settings }, [to, name, payload]) => {
      const json = payload === undefined ? undefined : keyOfText(payload);
      const answer = await facts.call(destinationOf(to), name, json, settings.node);
      out.json(answer);
      return 0;
    },
  },
  {
    name: 'names',
    words: '[PREFIX]',
    summary: 'cluster names, who holds them, and when they expire',
    help: 'Shows cluster names of which a node has heard. PREFIX is a JSON array that their keys begin with. For the first 20 the store is asked when they expire.',
    example: 'nestjs-pg-registry names \'["jobs"]\'',
    run: async ({ facts, out, settings }, [prefix]) => {
      const names = await facts.names(prefix === undefined ? undefined : keyOfText(prefix), settings.node);
      const known: NameFact[] = [];
      for (const [at, name] of names.entries()) {
        // oxlint-disable-next-line no-await-in-loop -- the store is asked about one after the other
        const held =
          at < MOST_ASKED_NAMES
            ? await facts.name(name.key, settings.node).catch(() => undefined)
            : undefined;
        known.push(held ?? name);
      }
      out.rows(
        known,
        [
          { title: 'NAME', of: ({ keyText }) => keyText },
          { title: 'HOLDER', of: ({ pid }) => shortPid(pid) },
          { title: 'TOKEN', of: ({ token }) => String(token), right: true },
          { title: 'EXPIRES IN', of: ({ expiresInMs }) => duration(expiresInMs), right: true },
          { title: 'VALUE', of: ({ value }) => jsonText(value) },
        ],
        'Nobody holds a cluster name.',
      );
      return 0;
    },
  },
  {
    name: 'entities',
    words: '[TYPE]',
    summary: 'living entities, where they live and how long they are idle',
    help: 'Shows the entities of all nodes, or of one with --node.',
    example: 'nestjs-pg-registry entities document',
    run: async (work, [type]) => {
      const { facts, out, settings } = work;
      const found: EntityFact[] = [];
      for (const node of await answeringNodes(work)) {
        let cursor: string | undefined;
        do {
          // oxlint-disable-next-line no-await-in-loop -- page after page
          const page = await facts.entities(node, type, cursor);
          found.push(...page.entities);
          ({ cursor } = page);
        } while (cursor !== undefined && found.length < settings.limit);
      }
      out.rows(
        found.slice(0, settings.limit),
        [
          { title: 'TYPE', of: (entity) => entity.type },
          { title: 'KEY', of: ({ keyText }) => keyText },
          { title: 'NODE', of: ({ node }) => node },
          { title: 'STATE', of: ({ state }) => state },
          { title: 'MESSAGES', of: ({ messages }) => String(messages), right: true },
          { title: 'IDLE', of: ({ idleMs }) => duration(idleMs), right: true },
        ],
        'No entity lives.',
      );
      return 0;
    },
  },
];
