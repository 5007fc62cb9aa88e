import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** What this room reads of a request: Express and Fastify both have it. */
export interface PageRequest {
  readonly headers: IncomingHttpHeaders;
  /** With its query. Express changes it below a router. */
  readonly url: string;
  /** Express: as it was asked for. Fastify: before it was rewritten. */
  readonly originalUrl?: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly ip?: string;
  readonly user?: unknown;
  readonly httpVersionMajor?: number;
}

/** The answer of Express, which is Node's own, or of Fastify, which has that. */
export type PageResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): void };

/** A longer parameter of a query is refused. */
const MOST_CHARS = 8192;

/** The query of a request. Whatever parser the application uses, it is read here. */
export class Query {
  readonly #parameters: URLSearchParams;

  constructor({ url, originalUrl = url }: PageRequest) {
    const at = originalUrl.indexOf('?');
    this.#parameters = new URLSearchParams(at === -1 ? '' : originalUrl.slice(at + 1));
  }

  /** Returns a parameter; undefined if it is not there. @throws RequestError if it is too long. */
  optional(name: string): string | undefined {
    const value = this.#parameters.get(name) ?? undefined;
    if (value === undefined || value.length <= MOST_CHARS) return value;
    throw new RequestError(400, `Parameter '${name}' may have at most ${MOST_CHARS} characters.`);
  }

  /** Returns a parameter. @throws RequestError if it is missing or too long. */
  text(name: string): string {
    const value = this.optional(name);
    if (value !== undefined) return value;
    throw new RequestError(400, `Parameter '${name}' is missing.`);
  }

  /** Returns a parameter that is a whole number. @throws RequestError if it is none. */
  number(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (/^\d{1,9}$/.test(value)) return Number(value);
    throw new RequestError(400, `Parameter '${name}' must be a whole number.`);
  }
}

/** A request that is not answered with what it asked for. */
export class RequestError extends Error {
  /** The status of HTTP. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
  }
}
