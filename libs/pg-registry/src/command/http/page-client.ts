import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isObject, messageOfThrown, printable, propertyOfThrown, TransportError } from '../../term';
import type { Json } from '../../observer';

/** A longer answer is refused. */
const MOST_BYTES = 100_000_000;
/** A longer line of a stream of events is refused; a batch has at most 60 events. */
const MOST_LINE_CHARS = 4_000_000;
/** A stream says at least every ten seconds that it lives. */
const QUIET_MS = 30_000;

/** Where the page is, and how to ask it. */
export interface PageClientDeps {
  /** The page's own address, without a query. */
  readonly url: URL;
  /** What is sent with each request: what guards want. */
  readonly headers: Readonly<Record<string, string>>;
  /** Options of `tls.connect`. */
  readonly tls: object | undefined;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends every request. */
  readonly signal: AbortSignal;
}

/** Parameters of a request; those that are undefined are left out. */
export type PageParameters = Readonly<Record<string, string | number | undefined>>;

/** One message of a stream of events. */
export interface PageEvent {
  readonly type: string;
  readonly data: unknown;
}

/** Asks the page of one application, over HTTP. */
export class PageClient {
  readonly #deps: PageClientDeps;

  constructor(deps: PageClientDeps) {
    this.#deps = deps;
  }

  /** Asks for a fact: returns JSON in whatever shape. @throws TransportError naming the page and what went wrong */
  async get(fact: string, parameters: PageParameters = {}): Promise<unknown> {
    return await this.#answerOf(await this.#request('GET', fact, parameters));
  }

  /** Lets the page do something: it takes it from its own origin only, so that one is named. @throws TransportError */
  async post(action: string, body: Json): Promise<unknown> {
    const headers = {
      'content-type': 'application/json',
      'x-pg-registry-action': action,
      origin: this.#deps.url.origin,
    };
    return await this.#answerOf(await this.#request('POST', action, {}, headers, JSON.stringify(body)));
  }

  /** Follows a stream of server-sent events until it ends. @throws TransportError */
  async *stream(fact: string, parameters: PageParameters, signal?: AbortSignal): AsyncGenerator<PageEvent> {
    const response = await this.#request('GET', fact, parameters, { accept: 'text/event-stream' });
    if (response.statusCode !== 200) await this.#answerOf(response);
    response.setTimeout(QUIET_MS, () => response.destroy(new Error(`silent for ${QUIET_MS} ms`)));
    const end = (): void => void response.destroy();
    signal?.addEventListener('abort', end);
    try {
      let type = '';
      for await (const line of this.#lines(response)) {
        if (line.startsWith('event: ')) type = line.slice(7);
        else if (line.startsWith('data: ')) yield { type, data: this.#parsed(line.slice(6)) };
      }
    } catch (error) {
      if (signal?.aborted !== true) throw this.#failed(error);
    } finally {
      signal?.removeEventListener('abort', end);
      response.destroy();
    }
  }

  async *#lines(response: IncomingMessage): AsyncGenerator<string> {
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MOST_LINE_CHARS) throw this.#error('sent a line that is too long');
      yield* lines;
    }
  }

  #request(
    method: string,
    path: string,
    parameters: PageParameters,
    more: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<IncomingMessage> {
    const { url, headers, tls, timeoutMs, signal } = this.#deps;
    const address = new URL(url);
    address.pathname = `${url.pathname.replace(/\/+$/, '')}/api/${path}`;
    for (const [name, value] of Object.entries(parameters))
      if (value !== undefined) address.searchParams.set(name, String(value));
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const content = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const request = send(address, {
        method,
        headers: { accept: 'application/json', ...headers, ...more, ...content },
        signal,
        timeout: timeoutMs,
        // No socket keeps the command from ending.
        agent: false,
        ...tls,
      });
      request.once('response', resolve);
      request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', (error) => reject(this.#failed(error)));
      request.end(body);
    });
  }

  async #answerOf(response: IncomingMessage): Promise<unknown> {
    const { statusCode: status = 0, headers } = response;
    const isJsonType = headers['content-type']?.startsWith('application/json') === true;
    if (!isJsonType) {
      response.destroy();
      throw this.#error(refusalOf(status));
    }
    let text = '';
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        text += String(chunk);
        if (text.length > MOST_BYTES) throw new Error('its answer is too long');
      }
    } catch (error) {
      throw this.#failed(error);
    }
    const json = this.#parsed(text);
    if (status === 200 || status === 201) return json;
    const error = isObject(json) && 'error' in json ? json.error : undefined;
    const message = propertyOfThrown(error, 'message');
    throw this.#error(typeof message === 'string' ? `says: ${message}` : refusalOf(status));
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#error('gave an answer that is no JSON');
    }
  }

  #failed(error: unknown): TransportError {
    if (error instanceof TransportError) return error;
    const code = String(propertyOfThrown(error, 'code'));
    const hint = this.#deps.url.protocol === 'https:' ? certificateHint(code) : '';
    return this.#error(`does not answer: ${messageOfThrown(error) || code}${hint}`);
  }

  #error(what: string): TransportError {
    const { origin, pathname } = this.#deps.url;
    return new TransportError(`The page at ${origin}${pathname} ${printable(what, 1000)}`);
  }
}

/** A server that does not accept a certificate may just end the connection: in TLS 1.3 the request is on its way by then. */
function certificateHint(code: string): string {
  if (/^(?:ECONNRESET|EPIPE|ERR_SSL_)/.test(code))
    return '. Does it want a certificate, or one of another authority? Give yours with --tlscert and --tlskey.';
  return /^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(code) ? '. Give whom you trust with --tlsca.' : '';
}

function refusalOf(status: number): string {
  if (status === 401 || status === 403)
    return `does not let you look (status ${status}). Give what its guards want: --token, --user and --pass, --header, or a certificate (--tlscert and --tlskey).`;
  if (status >= 300 && status < 400)
    return `leads elsewhere (status ${status}), perhaps to a login. Give what its guards want (--header), or the address where it is.`;
  return `answered with status ${status} and not as PgRegistryObserverModule does. Is this its address, with the global prefix?`;
}
