import { type ChangeFact, type EntryFact, keyOfText } from '../../observer';
import { type Column, moment } from '../output';
import { jsonText, shortPid, type Status, type Verb, type Work } from '../verb';

const ENTRY_COLUMNS: readonly Column<EntryFact>[] = [
  { title: 'KEY', of: ({ keyText }) => keyText },
  { title: 'PID', of: ({ pid }) => shortPid(pid) },
  { title: 'REVISION', of: ({ revision }) => String(revision), right: true },
  { title: 'VALUE', of: ({ value }) => jsonText(value) },
];

/** The columns of events and of the journal. */
export const CHANGE_COLUMNS: readonly Column<ChangeFact>[] = [
  { title: 'TIME', of: ({ at }) => moment(at) },
  { title: 'WHAT', of: ({ type }) => type },
  { title: 'SCOPE', of: ({ scope }) => scope || '-' },
  { title: 'WHO', of: ({ pid, node }) => (pid === '' ? node || '-' : shortPid(pid)) },
  {
    title: 'KEY',
    of: ({ key, keyText, entries }) =>
      key !== undefined && entries > 1 ? `${keyText} (${entries} entries)` : keyText,
  },
  { title: 'CAUSE', of: ({ cause }) => cause },
];

/** So much of what happened before is shown. */
const MOST_PAST = 50;

/** What is followed: everything, or a scope, or one key of it. */
interface Followed {
  readonly scope?: string | undefined;
  readonly key?: EntryFact['key'] | undefined;
  /** Whether what the node remembers comes first. */
  readonly past?: boolean;
}

/** Follows a node until the user leaves: one line for each event, and one for what was left out. */
async function follow(
  { facts, out, settings, signal }: Work,
  { past = false, ...what }: Followed,
): Promise<Status> {
  const tell = (event: ChangeFact): void =>
    out.either(event, () => {
      const cells = CHANGE_COLUMNS.map(({ of }) => of(event));
      out.line(`${cells[0]} ${cells[1].padEnd(14)} ${cells.slice(2).join('  ')}`);
    });
  let rounds = 0;
  // What happens while the node is asked for what was before is in both.
  let told = 0;
  for await (const { node, events, skipped } of facts.events({ ...what, node: settings.node, signal })) {
    if (rounds === 0 && past) {
      const before = await facts.changes(node, what.scope, MOST_PAST);
      for (const event of before.toReversed()) tell(event);
      told = before[0]?.number ?? 0;
    }
    if (rounds === 0 && events.length === 0) out.line(`Following node ${node}. Ctrl-C ends it.`, 'dim');
    for (const event of events) if (event.number > told) tell(event);
    if (skipped > 0)
      out.either({ skipped }, () => out.line(`… and ${skipped} more: this is a sample.`, 'yellow'));
    rounds += 1;
    if (rounds >= settings.rounds || signal.aborted) break;
  }
  return 0;
}

/** Verbs about scopes and their entries. */
export const SCOPE_VERBS: readonly Verb[] = [
  {
    name: 'scopes',
    words: '',
    summary: 'every scope, and whether its nodes are in sync',
    help: 'Asks every node about its scopes. LAG is the most operations by which a node is behind an owner, UNSYNCED how many streams between two nodes are not in sync. Ends with 1 if there is one, or if nodes disagree about the keys.',
    example: 'nestjs-pg-registry scopes',
    run: async ({ facts, out }) => {
      const scopes = await facts.scopes();
      out.rows(
        scopes,
        [
          { title: 'SCOPE', of: ({ scope }) => scope },
          {
            title: 'KEYS',
            of: ({ keys }) => keys,
            colour: ({ keys }) => (keys === 'mixed' ? 'red' : undefined),
          },
          { title: 'NODES', of: ({ nodes }) => String(nodes.length), right: true },
          { title: 'ENTRIES', of: ({ entries }) => String(entries), right: true },
          {
            title: 'LAG',
            of: ({ lag }) => String(lag),
            right: true,
            colour: ({ lag }) => (lag > 0 ? 'yellow' : undefined),
          },
          {
            title: 'UNSYNCED',
            of: ({ unsynced }) => String(unsynced),
            right: true,
            colour: ({ unsynced }) => (unsynced > 0 ? 'red' : undefined),
          },
          { title: 'ON', of: ({ nodes }) => nodes.join(', ') },
        ],
        'No node runs a scope.',
      );
      return scopes.every(({ unsynced, keys }) => unsynced === 0 && keys !== 'mixed') ? 0 : 1;
    },
  },
  {
    name: 'keys',
    words: 'SCOPE [PREFIX]',
    summary: 'entries of a scope, by the beginning of their key or by a match spec',
    help:
      'Shows entries. PREFIX is a text that the key begins with, or a JSON array that array keys begin with. --match takes a match spec as JSON: ' +
      '{ "key", "pid", "value", "guards" }, with "_" for anything and "$1" for a variable. --limit says how many (default 1000).',
    example:
      'nestjs-pg-registry keys sessions --match \'{"value":{"user":"$1"},"guards":[["==","$1","ann"]]}\'',
    run: async ({ facts, out, settings }, [scope, prefix]) => {
      const search = {
        prefix: prefix !== undefined && prefix.startsWith('[') ? keyOfText(prefix) : prefix,
        match: settings.match === undefined ? undefined : keyOfText(settings.match),
      };
      const found: EntryFact[] = [];
      let { node } = settings;
      let cursor: string | undefined;
      do {
        const limit = Math.min(500, settings.limit - found.length);
        // oxlint-disable-next-line no-await-in-loop -- page after page
        const page = await facts.entries(scope, { ...search, node, cursor, limit });
        found.push(...page.entries);
        ({ cursor, node } = page);
      } while (cursor !== undefined && found.length < settings.limit);
      out.rows(found, ENTRY_COLUMNS, 'There are no such entries.');
      if (cursor !== undefined)
        out.line(`There may be more: --limit ${settings.limit * 10} shows them.`, 'dim');
      return found.length > 0 ? 0 : 1;
    },
  },
  {
    name: 'get',
    words: 'SCOPE KEY',
    summary: 'the entries of a key, with their whole values and last changes',
    help: 'KEY is JSON if it can be read as JSON, else a text: doc is a text, ["doc","a"] an array, 42 a number, "42" a text. Ends with 1 if there is no entry.',
    example: 'nestjs-pg-registry get sessions \'["user","ann"]\'',
    run: async ({ facts, out, settings }, [scope, key]) => {
      const fact = await facts.key(scope, keyOfText(key), settings.node);
      if (!fact.runs) throw new Error(`Node '${fact.node}' does not run scope '${scope}'.`);
      out.rows(fact.entries, ENTRY_COLUMNS, `There is no entry under this key, says node ${fact.node}.`);
      if (!out.isJson && fact.changes.length > 0) {
        out.line('');
        out.rows(fact.changes, CHANGE_COLUMNS, '');
      }
      return fact.count > 0 ? 0 : 1;
    },
  },
  {
    name: 'watch',
    words: 'SCOPE [KEY]',
    summary: 'changes of a scope or of one key, as they happen',
    help: 'Shows changes as one node that runs the scope sees them, until Ctrl-C. Above 5000 changes a second it shows a sample and says so.',
    example: 'nestjs-pg-registry watch sessions',
    run: (work, [scope, key]) => follow(work, { scope, ...(key !== undefined && { key: keyOfText(key) }) }),
  },
  {
    name: 'events',
    words: '',
    summary: 'what happens to nodes and entries, as a node sees it',
    help: 'Shows nodes that came, went and were suspected since the node started, the last 50 of them, and then what happens: that, and changes of all scopes, or of one with --scope, until Ctrl-C. Above 5000 a second it shows a sample and says so.',
    example: 'nestjs-pg-registry events --node orders-1',
    run: (work) => follow(work, { scope: work.settings.scope, past: true }),
  },
];
