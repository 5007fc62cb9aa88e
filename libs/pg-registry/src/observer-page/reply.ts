import type { ServerResponse } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { isOwnError, messageOfThrown, PgRegistryError, printable, TransportError } from '../term';
import { RequestError, type PageResponse } from './request';

/** What every answer says: no code but the page's own, from nowhere else, and nothing is kept. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Writes answers through the adapter of the application: what interceptors make of a handler's result does not matter. */
export class Reply {
  readonly #adapter: AbstractHttpAdapter;
  readonly #response: PageResponse;

  constructor(adapter: AbstractHttpAdapter, response: PageResponse) {
    this.#adapter = adapter;
    this.#response = response;
  }

  /** Sends a text. */
  text(type: string, body: string, status = 200): void {
    for (const [name, value] of Object.entries(HEADERS)) this.#adapter.setHeader(this.#response, name, value);
    this.#adapter.setHeader(this.#response, 'Content-Type', type);
    this.#adapter.reply(this.#response, body, status);
  }

  /** Sends JSON. */
  json(body: unknown, status = 200): void {
    this.text('application/json; charset=utf-8', JSON.stringify(body ?? null), status);
  }

  /** Says what went wrong. @returns Whether nobody could expect it. */
  error(error: unknown): boolean {
    const status = statusOf(error);
    const message = status === 500 ? 'This node could not answer; its log says why.' : messageOfThrown(error);
    const code = isOwnError(error) ? error.code : 'REQUEST';
    this.json({ error: { code, message: printable(message, 2000) } }, status);
    return status === 500;
  }

  /** Begins an endless answer. @returns Node's own response, to which the caller writes. */
  stream(isHttp1: boolean): ServerResponse {
    const response = this.#response;
    const raw = 'raw' in response ? response.raw : response;
    // Fastify must not write an answer of its own.
    if ('raw' in response) response.hijack();
    raw.writeHead(200, {
      ...HEADERS,
      'Content-Type': 'text/event-stream; charset=utf-8',
      // Compression and proxies hold back what they collect.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      // So that the socket ends with the stream, and the server with its sockets.
      ...(isHttp1 && { Connection: 'close' }),
    });
    return raw;
  }
}

function statusOf(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  if (error instanceof TransportError) return 502;
  return error instanceof PgRegistryError ? 400 : 500;
}
