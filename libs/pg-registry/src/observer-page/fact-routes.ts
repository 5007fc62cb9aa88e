import { type ClusterFacts, keyOfText, type Json } from '../observer';
import { messageOfThrown } from '../term';
import { type Query, RequestError } from './request';

type Route = (facts: ClusterFacts, query: Query) => Promise<unknown>;

/** Every fact that `GET api/NAME` answers, and the parameters that it takes. Keys and prefixes are JSON, or else text as it is. */
export const FACT_ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['nodes', (facts) => facts.nodes()],
  ['node', (facts, query) => facts.node(query.text('node'))],
  ['scopes', (facts) => facts.scopes()],
  [
    'entries',
    (facts, query) =>
      facts.entries(query.text('scope'), {
        prefix: typed(query, 'prefix'),
        match: matchOf(query),
        cursor: query.optional('cursor'),
        limit: query.number('limit'),
        node: query.optional('node'),
      }),
  ],
  [
    'key',
    (facts, query) => facts.key(query.text('scope'), keyOfText(query.text('key')), query.optional('node')),
  ],
  ['explain', (facts, query) => facts.explain(query.text('scope'), keyOfText(query.text('key')))],
  ['processes', (facts, query) => facts.processes(query.text('node'), query.optional('after'))],
  ['handlers', (facts, query) => facts.handlers(query.text('node'))],
  ['names', (facts, query) => facts.names(typed(query, 'prefix'), query.optional('node'))],
  [
    'name',
    async (facts, query) => (await facts.name(keyOfText(query.text('key')), query.optional('node'))) ?? null,
  ],
  [
    'entities',
    (facts, query) => facts.entities(query.text('node'), query.optional('type'), query.optional('after')),
  ],
  ['counters', (facts, query) => facts.counters(query.text('node'))],
  [
    'changes',
    (facts, query) => facts.changes(query.text('node'), query.optional('scope'), query.number('limit')),
  ],
]);

/** A parameter as somebody types it; an empty one counts as none. */
function typed(query: Query, name: string): Json | undefined {
  const text = query.optional(name);
  return text === undefined || text === '' ? undefined : keyOfText(text);
}

function matchOf(query: Query): Json | undefined {
  const text = query.optional('match');
  if (text === undefined || text === '') return undefined;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what JSON.parse returns
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new RequestError(400, `Parameter 'match' must be JSON: ${messageOfThrown(error)}`);
  }
}
