import { Logger } from '@nestjs/common';
import { LOG_CONTEXT } from '../node';
import type { ClusterFacts, Json, ObserverAction } from '../observer';
import { isObject, messageOfThrown, printable, propertyOfThrown, quoteText } from '../term';
import { type PageRequest, RequestError } from './request';

/** Other sites' pages cannot send it without being asked for permission first. Its value is the name of the action. */
const HEADER = 'x-pg-registry-action';

/** What can be done from the page, if it is allowed. Each says in the log what was done, to what, and by whom. */
export class Actions {
  readonly #facts: ClusterFacts;
  readonly #allowed: readonly ObserverAction[];
  readonly #logger = new Logger(LOG_CONTEXT);

  constructor(facts: ClusterFacts, allowed: readonly ObserverAction[]) {
    this.#facts = facts;
    this.#allowed = allowed;
  }

  /**
   * Does what a request asks for.
   *
   * @throws RequestError if it is not allowed, or if the request does not come from the page. Nothing was done then.
   */
  async act(name: string, request: PageRequest): Promise<unknown> {
    const action = this.#allowed.find((allowed) => allowed === name);
    if (action === undefined) {
      throw new RequestError(
        403,
        `'${printable(name, 40)}' is not allowed here: see option 'allow' of PgRegistryObserverModule.`,
      );
    }
    checkOrigin(request, action);
    const body = bodyOf(request);
    const what = `${action} ${printable(JSON.stringify(body), 500)}`;
    const who = whoOf(request);
    this.#logger.warn(`${who} asks from the page: ${what}`);
    try {
      const result = await this.#do(action, body);
      this.#logger.log(`Done for ${who}: ${what}`);
      return { result: result ?? null };
    } catch (error) {
      this.#logger.warn(`Failed for ${who}: ${what}: ${printable(messageOfThrown(error), 500)}`);
      throw error;
    }
  }

  async #do(action: ObserverAction, body: Body): Promise<Json | void> {
    switch (action) {
      case 'drain':
        return await this.#facts.drain(textIn(body, 'node'));
      case 'stop':
        return await this.#facts.stop(textIn(body, 'pid'));
      case 'call':
        return await this.#facts.call(body.to ?? null, textIn(body, 'name'), body.payload, body.node);
    }
  }
}

interface Body {
  readonly to?: Json;
  readonly payload?: Json;
  readonly node?: string;
}

/**
 * Any site may make a browser send requests here, with the cookie of whoever is logged in. Only this server's own pages may act: the browser
 * says so, and no site can make it lie.
 */
function checkOrigin({ headers }: PageRequest, action: ObserverAction): void {
  const { origin, host } = headers;
  if (headers[HEADER] !== action)
    throw new RequestError(403, `The header ${HEADER} is missing. Nothing was done.`);
  if (headers['sec-fetch-site'] === 'same-origin') return;
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host === host) return;
  throw new RequestError(
    403,
    'The request does not come from a page of this server: its Origin is another one than its Host. Nothing was done.',
  );
}

function bodyOf({ headers, body }: PageRequest): Body {
  const isJson = headers['content-type']?.split(';')[0].trim().toLowerCase() === 'application/json';
  if (isJson && isObject(body)) return body;
  throw new RequestError(400, 'The body must be a JSON object, as application/json. Nothing was done.');
}

function textIn(body: Body, name: string): string {
  const text = propertyOfThrown(body, name);
  if (typeof text === 'string' && text !== '' && text.length <= 300) return text;
  throw new RequestError(400, `'${name}' must be a text of 1 to 300 characters. Nothing was done.`);
}

/** Who acts, as far as the guards have said: Nest's custom is a property `user` of the request. */
function whoOf({ user, ip }: PageRequest): string {
  const names = ['name', 'username', 'email', 'sub', 'id'].map((name) => propertyOfThrown(user, name));
  const name = [user, ...names].find((each) => typeof each === 'string' || typeof each === 'number');
  const known =
    name === undefined ? 'Somebody whom no guard has named' : quoteText(printable(String(name), 100));
  return ip === undefined ? known : `${known} (${printable(ip, 60)})`;
}
