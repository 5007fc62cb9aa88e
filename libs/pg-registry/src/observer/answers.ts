import { type Destination, EntityName, via } from '../calls';
import { InvalidArgumentError, isObject, type Key, messageOfThrown, normalKey, printable } from '../term';
import { AskerShares, type Standing } from './asker-shares';
import { Follows } from './follows';
import { fromJson, isJson, isProperties, type Json, pidOf, toJson } from './json-form';
import { LocalFacts } from './local-facts';
import type { LocalNode } from './local-node';
import { ACTIONS, type Answer } from './question';

/** What the answers of a node to others may cost together: so many milliseconds of each second, and bytes. */
const MS_PER_SECOND = 50;
const MOST_SAVED_MS = 250;
const BYTES_PER_SECOND = 2_000_000;
const MOST_SAVED_BYTES = 4_000_000;
/** Nothing is answered without any time: so a flood of the cheapest questions is refused, too. */
const LEAST_MS = 0.05;
/** Refusals cost, too: with so many milliseconds owed, there is silence. */
const REFUSALS_MS = 25;
/** How many characters the payload of an answer to a call may have. */
const MOST_RESULT_CHARS = 200_000;
const MOST_NAME_CHARS = 300;

/** A question that anybody may have sent: every part of it is checked before use. */
type Asked = Readonly<Record<string, unknown>> & { readonly ask: string };

/**
 * Answers questions about this node: those of its own observer at once, those of others as long as all of them together stay within
 * their share of time and bytes. Answers also while the node drains.
 */
export class Answers {
  readonly facts: LocalFacts;
  readonly follows: Follows;
  readonly #node: LocalNode;
  #ms = MOST_SAVED_MS;
  #bytes = MOST_SAVED_BYTES;
  #at: number;
  readonly #shares: AskerShares;

  constructor(node: LocalNode) {
    this.#node = node;
    this.facts = new LocalFacts(node);
    this.follows = new Follows(node.name, node.journal, () => node.now());
    this.#at = node.now();
    this.#shares = new AskerShares(this.#at, { ms: MOST_SAVED_MS, bytes: MOST_SAVED_BYTES });
  }

  /** What becomes of a question of somebody else, by what those who ask have cost. */
  standingOf(asker: string): Standing {
    const all = {
      ms: Math.max(0, this.#ms) + MS_PER_SECOND,
      bytes: Math.max(0, this.#bytes) + BYTES_PER_SECOND,
    };
    return this.#shares.standingOf(asker, this.#node.now(), all);
  }

  /** Whether a question of somebody else would be answered now. */
  get hasRoom(): boolean {
    const now = this.#node.now();
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#ms = Math.min(MOST_SAVED_MS, this.#ms + seconds * MS_PER_SECOND);
    this.#bytes = Math.min(MOST_SAVED_BYTES, this.#bytes + seconds * BYTES_PER_SECOND);
    return this.#ms > 0 && this.#bytes > 0;
  }

  /** Whether somebody whose question is not answered is told so. Beyond that there is silence. */
  get mayRefuse(): boolean {
    return this.#ms > -REFUSALS_MS;
  }

  /** Counts what an answer to somebody else has cost. */
  spent(asker: string, ms: number, bytes: number): void {
    const cost = Math.max(LEAST_MS, ms);
    this.#ms -= cost;
    this.#bytes -= bytes;
    this.#shares.spent(asker, cost, bytes);
  }

  /**
   * Answers a question. Never throws.
   *
   * @param isOwn Whether this node itself asks, which may do anything.
   * @param asker The token of the asker; empty for this node itself.
   */
  answer(question: unknown, isOwn: boolean, asker = ''): Answer | Promise<Answer> {
    try {
      if (!isObject(question) || !('ask' in question) || typeof question.ask !== 'string') return UNKNOWN;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any object is one
      return this.#answer(question as Asked, isOwn, asker);
    } catch (error) {
      return wrong(error);
    }
  }

  #answer(asked: Asked, isOwn: boolean, asker: string): Answer | Promise<Answer> {
    const { ask } = asked;
    if (ACTIONS.includes(ask)) return this.#act(asked, isOwn);
    if (ask === 'name') return this.#later(this.facts.name(json(asked, 'key')));
    const ok = this.#read(asked, asker);
    return ok === undefined ? UNKNOWN : { ok };
  }

  #read(asked: Asked, asker: string): Json | undefined {
    const { facts } = this;
    switch (asked.ask) {
      case 'node':
        return data(facts.node());
      case 'scopes':
        return data(facts.scopes(text(asked, 'after')));
      case 'entries':
        return data(
          facts.entries(text(asked, 'scope') ?? '', {
            prefix: optionalJson(asked, 'prefix'),
            match: optionalJson(asked, 'match'),
            cursor: text(asked, 'cursor'),
            limit: number(asked, 'limit'),
          }),
        );
      case 'key':
        return data(facts.key(text(asked, 'scope') ?? '', json(asked, 'key')));
      case 'processes':
        return data(facts.processes(number(asked, 'after')));
      case 'handlers':
        return data(facts.handlers());
      case 'names':
        return data(facts.names(optionalJson(asked, 'prefix')));
      case 'entities':
        return data(facts.hosted(text(asked, 'type'), number(asked, 'after')));
      case 'counters':
        return facts.counters();
      case 'changes':
        return data(facts.changes(text(asked, 'scope'), number(asked, 'limit')));
      case 'events':
        return this.#events(asked, asker);
      default:
        return undefined;
    }
  }

  #events(asked: Asked, asker: string): Json {
    const follow = text(asked, 'follow') ?? '';
    if (asked['end'] === true) {
      this.follows.end(asker, follow);
      return null;
    }
    const key = optionalJson(asked, 'key');
    const batch = this.follows.take(
      asker,
      follow,
      text(asked, 'scope'),
      key === undefined ? undefined : this.#key(key),
    );
    if (batch !== undefined) return data(batch);
    throw new InvalidArgumentError('Too many follow this node already. Try again in ten seconds.');
  }

  #act(asked: Asked, isOwn: boolean): Answer | Promise<Answer> {
    const action = asked.ask;
    const { options, name } = this.#node;
    const isAllowed = isOwn || options.allow.some((allowed) => allowed === action);
    if (!isAllowed) {
      const message = `Node '${name}' does not allow '${action}': see the option observer: { allow }.`;
      return { error: 'forbidden', message };
    }
    if (action === 'drain') {
      this.#node.drain();
      return { ok: true };
    }
    if (action === 'stop') return this.#later(this.#node.stop(pidOf(asked['pid'])).then(() => true));
    const payload = optionalJson(asked, 'payload');
    const result = this.#node.call(
      this.#destination(json(asked, 'to')),
      text(asked, 'name') ?? '',
      payload === undefined ? undefined : fromJson(payload),
    );
    return this.#later(result.then((value) => toJson(value, MOST_RESULT_CHARS)));
  }

  /** A pid as text, or the name of a process: `{ scope, key }`, or `{ entity, key }`. */
  #destination(to: Json): Destination {
    if (typeof to === 'string') return pidOf(to);
    const { scope, entity, key = null } = isProperties(to) ? to : {};
    if (typeof scope === 'string' && isJson(key)) return via(scope, this.#key(key));
    if (typeof entity === 'string' && isJson(key)) return new EntityName(entity, this.#key(key));
    throw new InvalidArgumentError(
      'The destination of a call must be a pid, { scope, key } or { entity, key }. Nothing was sent.',
    );
  }

  async #later(result: Promise<unknown>): Promise<Answer> {
    try {
      return { ok: data(await result) };
    } catch (error) {
      return wrong(error, 'failed');
    }
  }

  #key(key: Json): Key {
    return normalKey(fromJson(key), this.#node.limits, this.#node.pids);
  }
}

const UNKNOWN: Answer = {
  error: 'unknown',
  message: 'This node does not know the question. It may run an earlier version of the library.',
};

function wrong(error: unknown, kind: 'wrong' | 'failed' = 'wrong'): Answer {
  return { error: kind, message: printable(messageOfThrown(error), 1000) };
}

/** Facts are JSON but for properties that are undefined, which `JSON.stringify` leaves out. */
function data(facts: unknown): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return facts as Json;
}

function text(asked: Asked, name: string): string | undefined {
  const value = asked[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= MOST_NAME_CHARS) return value;
  throw new InvalidArgumentError(
    `'${name}' of a question must be a text of at most ${MOST_NAME_CHARS} characters.`,
  );
}

function number(asked: Asked, name: string): number | undefined {
  const value = asked[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError(`'${name}' of a question must be a whole number.`);
}

function json(asked: Asked, name: string): Json {
  const value = optionalJson(asked, name);
  if (value !== undefined) return value;
  throw new InvalidArgumentError(`A question of this kind must have '${name}'.`);
}

function optionalJson(asked: Asked, name: string): Json | undefined {
  const value = asked[name];
  if (value === undefined || isJson(value)) return value;
  throw new InvalidArgumentError(`'${name}' of a question has too many levels.`);
}
