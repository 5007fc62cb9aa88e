import type { IncomingMessage } from 'node:http';

/**
 * Whether a request comes from a page of this server, or from no page at all. A browser sends the origin of the page that asks; without this check any
 * site that somebody visits could read and write the documents of a server on that person's machine.
 */
export function isSameOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
