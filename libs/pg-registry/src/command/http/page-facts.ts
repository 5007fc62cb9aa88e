import {
  anyJson,
  type ChangeFact,
  type ClusterFacts,
  type EntityPage,
  type EntryPage,
  type EntrySearch,
  type EventBatch,
  type Explanation,
  type Facts,
  type HandlerFact,
  type Json,
  MISFIT,
  type NameFact,
  type NodeKeyFact,
  type ObservedNode,
  type ObservedScope,
  OBSERVED_SHAPES,
  type ProcessPage,
  type Shape,
  SHAPES,
} from '../../observer';
import { printable, propertyOfThrown, TransportError } from '../../term';
import type { PageClient, PageParameters } from './page-client';

/** The facts about a cluster, as the JSON of the page's module tells them. The node that serves the page asks the others. */
export class PageFacts implements Facts {
  readonly #page: PageClient;

  constructor(page: PageClient) {
    this.#page = page;
  }

  nodes(): Promise<readonly ObservedNode[]> {
    return this.#ask('nodes', {}, OBSERVED_SHAPES.nodes);
  }

  node(node: string): Promise<ObservedNode> {
    return this.#ask('node', { node }, OBSERVED_SHAPES.node);
  }

  scopes(): Promise<readonly ObservedScope[]> {
    return this.#ask('scopes', {}, OBSERVED_SHAPES.scopes);
  }

  entries(scope: string, search: EntrySearch = {}): Promise<EntryPage> {
    const { prefix, match, ...rest } = search;
    return this.#ask('entries', { scope, prefix: text(prefix), match: text(match), ...rest }, SHAPES.entries);
  }

  key(scope: string, key: Json, node?: string): Promise<NodeKeyFact> {
    return this.#ask('key', { scope, key: text(key), node }, OBSERVED_SHAPES.key);
  }

  explain(scope: string, key: Json): Promise<Explanation> {
    return this.#ask('explain', { scope, key: text(key) }, OBSERVED_SHAPES.explain);
  }

  processes(node: string, after?: string): Promise<ProcessPage> {
    return this.#ask('processes', { node, after }, SHAPES.processes);
  }

  handlers(node: string): Promise<readonly HandlerFact[]> {
    return this.#ask('handlers', { node }, SHAPES.handlers);
  }

  names(prefix?: Json, node?: string): Promise<readonly NameFact[]> {
    return this.#ask('names', { prefix: text(prefix), node }, SHAPES.names);
  }

  async name(key: Json, node?: string): Promise<NameFact | undefined> {
    const json = await this.#page.get('name', { key: text(key), node });
    return json === null ? undefined : shaped([json], SHAPES.names)[0];
  }

  entities(node: string, type?: string, after?: string): Promise<EntityPage> {
    return this.#ask('entities', { node, type, after }, SHAPES.entities);
  }

  changes(node: string, scope?: string, limit?: number): Promise<readonly ChangeFact[]> {
    return this.#ask('changes', { node, scope, limit }, SHAPES.changes);
  }

  /** The page sends at most five batches a second, and a sample of what is more than 300 events. */
  async *events(options: Parameters<ClusterFacts['events']>[0]): AsyncGenerator<EventBatch> {
    const { node, scope, key, signal } = options;
    let [at, why] = ['', 'It ended the stream.'];
    for await (const { type, data } of this.#page.stream('events', { node, scope, key: text(key) }, signal)) {
      if (type === 'begin') {
        at = String(propertyOfThrown(data, 'node'));
        yield { node: at, events: [], skipped: 0 };
      } else if (type === 'events') yield shaped({ node: at, ...Object(data) }, SHAPES.events);
      else if (type === 'failed') why = String(propertyOfThrown(data, 'message'));
    }
    if (signal?.aborted !== true)
      throw new TransportError(`The page sends no more events. ${printable(why, 1000)}`);
  }

  async drain(node: string): Promise<void> {
    await this.#page.post('drain', { node });
  }

  async call(to: Json, name: string, payload?: Json, node?: string): Promise<Json> {
    const answer = await this.#page.post('call', { to, name, payload, node });
    return shaped(propertyOfThrown(answer, 'result') ?? null, anyJson);
  }

  async #ask<T>(fact: string, parameters: PageParameters, shape: Shape<T>): Promise<T> {
    return shaped(await this.#page.get(fact, parameters), shape);
  }
}

function shaped<T>(json: unknown, shape: Shape<T>): T {
  const fact = shape(json);
  if (fact !== MISFIT) return fact;
  throw new TransportError(
    'The answer of the page cannot be read: its application may run another version of this library.',
  );
}

/** A key, prefix or match spec as the page reads it. */
function text(json: Json | undefined): string | undefined {
  return json === undefined ? undefined : JSON.stringify(json);
}
