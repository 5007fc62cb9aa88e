/** Longest name of a document, in bytes of UTF-8; the server has the same limit. */
const MOST_NAME_BYTES = 256;

// Control characters, and halves of surrogate pairs, which no URL can hold.
const UNWRITABLE = /[\p{Cc}\p{Cs}]/u;

/** Where the page is: the list, one document, or an address that names none. */
export type Place =
  | { readonly kind: 'list' }
  | { readonly kind: 'document'; readonly name: string }
  | { readonly kind: 'unknown'; readonly problem: string };

/**
 * Reads the address of the page.
 *
 * @param pathname The path of the URL, percent-encoded: `/` is the list, `/d/NAME` a document.
 * @returns The place; `unknown` with a sentence for people if the path is neither, or the name is not allowed.
 */
export function placeOf(pathname: string): Place {
  if (pathname === '/') return { kind: 'list' };
  const [, encoded] = /^\/d\/(.*)$/s.exec(pathname) ?? [];
  if (encoded === undefined) return { kind: 'unknown', problem: 'There is no page at this address.' };
  let name: string;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    return { kind: 'unknown', problem: 'The name of the document in this address is not valid UTF-8.' };
  }
  const problem = problemOfName(name);
  return problem === null ? { kind: 'document', name } : { kind: 'unknown', problem };
}

/**
 * Says why a document cannot have this name.
 *
 * @returns A sentence for people, or `null` if the name is allowed.
 */
export function problemOfName(name: string): string | null {
  if (name === '') return 'A document needs a name.';
  if (name === '.' || name === '..') return `“${name}” cannot be the name of a document.`;
  if (UNWRITABLE.test(name)) return 'A name cannot contain control characters or broken characters.';
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > MOST_NAME_BYTES)
    return `A name can have ${MOST_NAME_BYTES} bytes of UTF-8 at most; this one has ${bytes}.`;
  return null;
}

/** The addresses of one server. All of them carry the access token that the page was opened with. */
export class Addresses {
  readonly #origin: URL;
  /** The server's access token, or `null` if the page was opened without one. */
  readonly token: string | null;

  /** @param page The URL that the page was opened with. */
  constructor(page: URL) {
    this.#origin = new URL(page.origin);
    this.token = page.searchParams.get('token');
  }

  /** The list of documents. */
  get list(): string {
    return this.#with('/');
  }

  /** The page of one document. */
  document(name: string): string {
    return this.#with(`/d/${encodeURIComponent(name)}`);
  }

  /** The list as JSON. */
  get documents(): string {
    return this.#with('/api/documents');
  }

  /** The list as server-sent events. */
  get events(): string {
    return this.#with('/api/documents/events');
  }

  /** Kills the node that holds a document, by POST. */
  kill(name: string): string {
    return this.#with(`/api/documents/${encodeURIComponent(name)}/kill`);
  }

  /** What `WebsocketProvider` takes as the server; the document's name follows it as the last segment. */
  get socket(): string {
    const url = new URL('/collaboration', this.#origin);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url.href;
  }

  #with(path: string): string {
    const url = new URL(path, this.#origin);
    if (this.token !== null) url.searchParams.set('token', this.token);
    return url.pathname + url.search;
  }
}
