import { PgRegistryError, printable, quoteText, TransportError } from '../term';
import { type Explanation, explainKey } from './explain';
import type { Asked, FactSource } from './fact-source';
import type {
  ChangeFact,
  EntityPage,
  EntryPage,
  EventBatch,
  HandlerFact,
  NodeKeyFact,
  NameFact,
  ObservedNode,
  ObservedScope,
  ProcessPage,
  ScopeFact,
} from './facts';
import type { Json } from './json-form';
import type { Question } from './question';
import { factOf, inParallel, NodeAnswers } from './node-answers';
import { observedOf, scopeOf, viewsOf } from './overview';
import { anyJson, type Shape, SHAPES } from './shapes';

const DEFAULT_TIMEOUT_MS = 2000;
/** A call may take as long as its own limit, and a little more. */
const CALL_TIMEOUT_MS = 6000;
/** How soon a key is looked at again if nodes differ: what was on its way has arrived then. */
const SECOND_LOOK_MS = 150;

/** What is looked for in a scope. */
export interface EntrySearch {
  /** A text that the key's text begins with, or an array that array keys begin with. */
  readonly prefix?: Json | undefined;
  /** A match spec as JSON: `{ key, pid, value, guards }`, with `"_"` for anything and `"$1"` for a variable. */
  readonly match?: Json | undefined;
  /** Where the page before ended. */
  readonly cursor?: string | undefined;
  /** The most entries of a page, up to 500. Default 500. */
  readonly limit?: number | undefined;
  /** The node that is asked. Default: the first one that runs the scope. */
  readonly node?: string | undefined;
}

/** What the command asks for, however it is found. */
export type Facts = Omit<ClusterFacts, 'counters' | 'stop'>;

/**
 * The facts about a running cluster, as plain data: what each node says about itself, and what they say about each other. Nodes are asked
 * when a method is called; nothing is kept. All of it can be written as JSON.
 *
 * Names, keys and values come from other nodes: escape them where you show them.
 */
export class ClusterFacts {
  readonly #source: FactSource;
  readonly #timeoutMs: number;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #wall: () => number;
  readonly #answers: NodeAnswers;
  #follows = 0;
  /** What is being found out about the scopes. */
  #scopes: Promise<readonly ObservedScope[]> | undefined;

  /** @internal Made by the observer, and by the command. */
  constructor(
    source: FactSource,
    options: {
      readonly timeoutMs?: number | undefined;
      readonly wall: () => number;
      readonly sleep: (ms: number) => Promise<void>;
    },
  ) {
    this.#source = source;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#wall = options.wall;
    this.#answers = new NodeAnswers({ source, timeoutMs: this.#timeoutMs, wall: options.wall });
    this.#sleep = options.sleep;
  }

  /** Asks every node about itself: those that are known, and those that they know. Sorted by name. */
  async nodes(): Promise<readonly ObservedNode[]> {
    const answered = await this.#answers.all();
    const views = viewsOf(answered);
    return answered.map((one) => observedOf(one, views)).toSorted((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** Asks one node about itself. @throws TransportError if it does not answer. */
  async node(node: string): Promise<ObservedNode> {
    const [answered] = await this.#answers.some([node]);
    if (answered.fact === undefined) throw unanswered(node, answered.asked);
    return observedOf(answered, viewsOf([answered]));
  }

  /** Asks every node about its scopes. Sorted by name. Who asks while others wait for that gets the same answer. */
  async scopes(): Promise<readonly ObservedScope[]> {
    this.#scopes ??= this.#allScopes().finally(() => (this.#scopes = undefined));
    return await this.#scopes;
  }

  /** Returns entries of a scope, page by page. @throws TransportError if no node answers that runs it. */
  async entries(scope: string, search: EntrySearch = {}): Promise<EntryPage> {
    const { node = await this.#nodeOf(scope), ...rest } = search;
    return await this.#askFor(node, { ask: 'entries', scope, ...rest }, SHAPES.entries);
  }

  /** Returns what a node believes about a key: its entries with their values, and the last changes. */
  async key(scope: string, key: Json, node?: string): Promise<NodeKeyFact> {
    const asked = node ?? (await this.#nodeOf(scope));
    return { node: asked, ...(await this.#askFor(asked, { ask: 'key', scope, key }, SHAPES.key)) };
  }

  /** Returns processes of a node. @param after The cursor of the page before. */
  async processes(node: string, after?: string): Promise<ProcessPage> {
    const question: Question = { ask: 'processes', ...(after !== undefined && { after: Number(after) }) };
    return await this.#askFor(node, question, SHAPES.processes);
  }

  /** Returns the handlers of a node. It begins to measure them at the first time, and ends a minute after the last. */
  async handlers(node: string): Promise<readonly HandlerFact[]> {
    return await this.#askFor(node, { ask: 'handlers' }, SHAPES.handlers);
  }

  /** Returns cluster names of which a node has heard, at most 500. @param prefix An array that their keys begin with. */
  async names(prefix?: Json, node?: string): Promise<readonly NameFact[]> {
    const asked = node ?? (await this.#nodeOf('pg.names', true));
    if (asked === undefined) return [];
    return await this.#askFor(asked, { ask: 'names', prefix }, SHAPES.names);
  }

  /** Returns who holds a cluster name as its store knows, through a node that uses names; undefined if nobody does. */
  async name(key: Json, node?: string): Promise<NameFact | undefined> {
    const asked = node ?? (await this.#nodeOf('pg.names', true));
    if (asked === undefined) return undefined;
    return (await this.#askFor(asked, { ask: 'name', key }, SHAPES.names))[0];
  }

  /** Returns entities that live on a node. @param after The cursor of the page before; pages need a type. */
  async entities(node: string, type?: string, after?: string): Promise<EntityPage> {
    const question: Question = {
      ask: 'entities',
      type,
      ...(after !== undefined && { after: Number(after) }),
    };
    return await this.#askFor(node, question, SHAPES.entities);
  }

  /** Returns the figures of a node's `stats()`. */
  async counters(node: string): Promise<Json> {
    return await this.#askFor(node, { ask: 'counters' }, anyJson);
  }

  /** Returns what happened lately at a node: to peers, and to entries of a scope if one is given. The latest first. */
  async changes(node: string, scope?: string, limit?: number): Promise<readonly ChangeFact[]> {
    const question: Question = { ask: 'changes', scope, ...(limit !== undefined && { limit }) };
    return await this.#askFor(node, question, SHAPES.changes);
  }

  /**
   * Yields what happens at a node from now on, in batches, empty ones included. With more than 1000 events between two batches the rest is
   * counted, not shown.
   *
   * @param options.node Default: the first node that runs the scope.
   * @param options.key Only the changes of this key; needs a scope.
   * @param options.intervalMs How often the node is asked. Default 200 ms.
   * @param options.signal Ends it.
   * @throws TransportError when the node does not answer any more.
   */
  async *events(options: {
    readonly node?: string | undefined;
    readonly scope?: string | undefined;
    readonly key?: Json | undefined;
    readonly intervalMs?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncGenerator<EventBatch> {
    const { scope, key, intervalMs = 200, signal } = options;
    const node = options.node ?? (await this.#nodeOf(scope));
    this.#follows += 1;
    const follow = `${this.#wall().toString(36)}-${this.#follows}`;
    const question: Question = { ask: 'events', follow, scope, key };
    const isWanted = (): boolean => signal?.aborted !== true;
    try {
      while (isWanted()) {
        // One after the other: each answer has what happened since the one before.
        // oxlint-disable-next-line no-await-in-loop
        yield await this.#askFor(node, question, SHAPES.events);
        // oxlint-disable-next-line no-await-in-loop
        await this.#sleep(intervalMs);
      }
    } finally {
      await this.#source.ask(node, { ...question, end: true }, 100);
    }
  }

  /**
   * Asks every node what it believes about a key, compares that with what the owners say, and tells why nodes differ as far as that is
   * known. If nodes differ it looks again after 150 ms, so that what was on its way does not count.
   */
  async explain(scope: string, key: Json): Promise<Explanation> {
    const first = await this.#explainOnce(scope, key);
    if (first.differences.length === 0) return first;
    await this.#sleep(SECOND_LOOK_MS);
    const second = await this.#explainOnce(scope, key);
    const before = new Set(first.differences.map(({ node, id, kind }) => `${node} ${id} ${kind}`));
    const lasting = second.differences.filter(({ node, id, kind }) => before.has(`${node} ${id} ${kind}`));
    return { ...second, differences: lasting };
  }

  /** Tells a node to drain, which it must allow: `observer: { allow: ['drain'] }`. Resolves when it has begun. */
  async drain(node: string): Promise<void> {
    await this.#askFor(node, { ask: 'drain' }, anyJson);
  }

  /** Ends a process, which its node must allow. @param pid `node/incarnation/id`. */
  async stop(pid: string): Promise<void> {
    await this.#askFor(pid.slice(0, pid.indexOf('/')), { ask: 'stop', pid }, anyJson);
  }

  /**
   * Lets a node call a process on the asker's behalf, which it must allow.
   *
   * @param to A pid as text, `{ scope, key }` or `{ entity, key }`.
   * @param node The node that calls. Default: that of the pid, else the first one.
   */
  async call(to: Json, name: string, payload?: Json, node?: string): Promise<Json> {
    const at =
      node ?? (typeof to === 'string' ? to.slice(0, to.indexOf('/')) : await this.#nodeOf(undefined));
    return await this.#askFor(at, { ask: 'call', to, name, payload }, anyJson, CALL_TIMEOUT_MS);
  }

  async #allScopes(): Promise<readonly ObservedScope[]> {
    const answers = await this.#ofAll(async (node) => ({ node, scopes: await this.#answers.scopesOf(node) }));
    const by = new Map<string, Map<string, ScopeFact>>();
    for (const { node, scopes } of answers) {
      for (const fact of scopes) {
        const known = by.get(fact.scope);
        if (known === undefined) by.set(fact.scope, new Map([[node, fact]]));
        else known.set(node, fact);
      }
    }
    return Array.from(by, ([scope, facts]) => scopeOf(scope, facts)).toSorted((a, b) =>
      a.scope < b.scope ? -1 : 1,
    );
  }

  async #explainOnce(scope: string, key: Json): Promise<Explanation> {
    const nodes = await this.nodes();
    const answers = await inParallel(nodes, async ({ node, incarnation }) => {
      const asked = await this.#source.ask(node, { ask: 'key', scope, key }, this.#timeoutMs);
      return { node, incarnation, asked, fact: factOf(asked, SHAPES.key) };
    });
    return explainKey(scope, key, answers);
  }

  /** Returns the first node that runs a scope, or the first one of all. @throws TransportError if there is none. */
  async #nodeOf(scope: string | undefined): Promise<string>;
  async #nodeOf(scope: string, isOptional: true): Promise<string | undefined>;
  async #nodeOf(scope: string | undefined, isOptional = false): Promise<string | undefined> {
    if (scope === undefined) {
      const [first] = await this.#source.nodes();
      if (first !== undefined) return first;
      throw new TransportError('No node answers.');
    }
    const found = (await this.scopes()).find((one) => one.scope === scope)?.nodes[0];
    if (found !== undefined || isOptional) return found;
    throw new TransportError(`No node that answers runs scope ${quoteText(scope)}.`);
  }

  async #ofAll<T>(of: (node: string) => Promise<T>): Promise<readonly T[]> {
    const nodes = await this.nodes();
    const answering = nodes.filter(({ answer }) => answer === 'ok');
    return await inParallel(answering, ({ node }) => of(node));
  }

  async #askFor<T>(
    node: string,
    question: Question,
    shape: Shape<T>,
    timeoutMs = this.#timeoutMs,
  ): Promise<T> {
    const asked = await this.#source.ask(node, question, timeoutMs);
    if (asked.type !== 'ok') throw unanswered(node, asked);
    const fact = factOf(asked, shape);
    if (fact !== undefined) return fact;
    throw new TransportError(`Node ${quoteText(node)} gave an answer that cannot be read.`);
  }
}

function unanswered(node: string, asked: Asked): PgRegistryError {
  const message = asked.type === 'ok' ? 'Its answer cannot be read.' : printable(asked.message, 1000);
  return new TransportError(`Node ${quoteText(node)}: ${message}`);
}
