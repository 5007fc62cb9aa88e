import type { Asked, FactSource } from './fact-source';
import type { ScopeFact } from './facts';
import type { Answered } from './overview';
import { MISFIT, type Shape, SHAPES } from './shapes';

/** So many nodes are asked at a time. */
const AT_A_TIME = 32;
/** So many nodes are asked that only other nodes know: anybody can invent some. */
const MOST_STRANGERS = 500;
/** So many pages of scopes are read of a node. */
const MOST_PAGES = 50;
const PAGE_OF_SCOPES = 200;
/** What depends on how much nodes tell ends after so many times of what one answer may take. */
const MOST_TIMEOUTS = 2;

/** What a {@link NodeAnswers} is given. */
export interface NodeAnswersDeps {
  readonly source: FactSource;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
}

/** Asks nodes about themselves. What one of them says costs the others, and those who look, little more than to read it. */
export class NodeAnswers {
  readonly #deps: NodeAnswersDeps;

  constructor(deps: NodeAnswersDeps) {
    this.#deps = deps;
  }

  /**
   * Asks all nodes: those that the source knows, and then those that these know. Of the latter those that most nodes know come first, and
   * after twice the time of an answer no more are asked.
   */
  async all(): Promise<readonly Answered[]> {
    const seen = new Map<string, Answered>();
    let names = await this.#deps.source.nodes();
    let room = MOST_STRANGERS;
    const end = { at: Infinity };
    while (names.length > 0) {
      // Each round asks those of whom the round before has told.
      // oxlint-disable-next-line no-await-in-loop
      for (const answered of await this.some(names, end)) seen.set(answered.node, answered);
      if (end.at === Infinity) end.at = this.#deps.wall() + MOST_TIMEOUTS * this.#deps.timeoutMs;
      names = strangersOf(seen).slice(0, room);
      if (this.#deps.wall() >= end.at) break;
      room -= names.length;
    }
    return [...seen.values()];
  }

  /** Asks some nodes; from a time on, by the asker's clock, no more of them. */
  async some(names: readonly string[], end: { readonly at: number } = NEVER): Promise<readonly Answered[]> {
    const { source, timeoutMs, wall } = this.#deps;
    const answers = await inParallel(names, async (node) => {
      if (wall() >= end.at) return undefined;
      const asked = await source.ask(node, { ask: 'node' }, timeoutMs);
      const fact = factOf(asked, SHAPES.node);
      const isOther = fact !== undefined && fact.node !== node;
      return { node, asked, fact: isOther ? undefined : fact, at: wall() };
    });
    return answers.filter((answered) => answered !== undefined);
  }

  /** Asks a node about its scopes, page by page, as long as it goes on and for at most twice the time of an answer. */
  async scopesOf(node: string): Promise<readonly ScopeFact[]> {
    const { source, timeoutMs, wall } = this.#deps;
    const all: ScopeFact[] = [];
    const end = wall() + MOST_TIMEOUTS * timeoutMs;
    for (let page = 0; page < MOST_PAGES && wall() < end; page += 1) {
      const after = all.at(-1)?.scope ?? '';
      // A page begins behind the one before it.
      // oxlint-disable-next-line no-await-in-loop
      const asked = await source.ask(node, { ask: 'scopes', after }, timeoutMs);
      const facts = factOf(asked, SHAPES.scopes) ?? [];
      if (page > 0 && facts.length > 0 && facts[0].scope === all[0].scope) break;
      all.push(...facts);
      if (facts.length < PAGE_OF_SCOPES || facts.at(-1)?.scope === after) break;
    }
    return all;
  }
}

const NEVER = { at: Infinity };

/** The nodes that others know and that were not asked, those first that most know. */
function strangersOf(seen: ReadonlyMap<string, Answered>): readonly string[] {
  const knownBy = new Map<string, number>();
  for (const { fact } of seen.values())
    for (const node of new Set(fact?.peers.map((peer) => peer.node)))
      if (!seen.has(node)) knownBy.set(node, (knownBy.get(node) ?? 0) + 1);
  return [...knownBy].toSorted(([, a], [, b]) => b - a).map(([node]) => node);
}

/** What a node answered, if it has the shape of a fact. */
export function factOf<T>(asked: Asked, shape: Shape<T>): T | undefined {
  const fact = asked.type === 'ok' ? shape(asked.json) : MISFIT;
  return fact === MISFIT ? undefined : fact;
}

/** Does a task for each item, for some at a time. */
export async function inParallel<T, R>(
  items: readonly T[],
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of rest) {
      // Not more than so many at a time.
      // oxlint-disable-next-line no-await-in-loop
      results[at] = await task(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, items.length) }, worker));
  return results;
}
