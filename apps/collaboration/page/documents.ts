import { readUser, type User } from './user';

/** Somebody who has a document open, anywhere in the cluster. */
export interface SessionSummary {
  /** Unique in the cluster. */
  readonly id: string;
  /** The node that the session's socket is on. */
  readonly node: string;
  /** `null` until the session's browser said who it is. */
  readonly user: User | null;
}

/** One document of the list. */
export interface DocumentSummary {
  /** The document's name. */
  readonly name: string;
  /** The node that holds the document, or `null` if it is only stored, starts or moves. */
  readonly holder: string | null;
  /** The first of those who have it open. */
  readonly sessions: readonly SessionSummary[];
  /** How many have it open. */
  readonly sessionCount: number;
}

/** What the server says about itself and its documents. */
export interface Overview {
  /** The node that answered. */
  readonly node: string;
  /** Whether the page may kill nodes. */
  readonly demonstration: boolean;
  /** The path of the observer, or `null` if there is none. */
  readonly observer: string | null;
  /** The documents that are listed; the server chooses which if there are many. */
  readonly documents: readonly DocumentSummary[];
  /** How many documents there are. */
  readonly total: number;
}

/**
 * Reads the list as the server sends it.
 *
 * @throws `TypeError` if it is not a list of documents.
 */
export function readOverview(sent: unknown): Overview {
  const { node, demonstration, observer, documents, total } = fields(sent);
  if (typeof node !== 'string' || !Array.isArray(documents)) {
    throw new TypeError('The server sent something else than a list of documents.');
  }
  return {
    node,
    demonstration: demonstration === true,
    observer: ownPath(observer),
    documents: documents.map(readDocument),
    total: typeof total === 'number' ? total : documents.length,
  };
}

/** A path of this server: never another origin, and never a script. */
function ownPath(sent: unknown): string | null {
  return typeof sent === 'string' && /^\/(?![/\\])/.test(sent) ? sent : null;
}

function readDocument(sent: unknown): DocumentSummary {
  const { name, holder, sessions, sessionCount } = fields(sent);
  const listed = Array.isArray(sessions) ? sessions.map(readSession) : [];
  return {
    name: String(name),
    holder: typeof holder === 'string' ? holder : null,
    sessions: listed,
    sessionCount: typeof sessionCount === 'number' ? sessionCount : listed.length,
  };
}

function readSession(sent: unknown): SessionSummary {
  const { id, node, user } = fields(sent);
  return { id: String(id), node: String(node), user: readUser(user) };
}

function fields(sent: unknown): Readonly<Record<string, unknown>> {
  return typeof sent === 'object' && sent !== null ? (sent as Record<string, unknown>) : {};
}

/** Gets the list once. @throws `Error` with a sentence for people if the server refuses or cannot be reached. */
export async function fetchOverview(url: string): Promise<Overview> {
  return readOverview(await answerOf(await fetch(url, { headers: { accept: 'application/json' } })));
}

/**
 * Kills the node that holds a document, without any goodbye. The server allows it in demonstration mode only.
 *
 * @returns The node's name.
 * @throws `Error` with a sentence for people if nothing was killed.
 */
export async function killHolder(url: string): Promise<string> {
  const { killed } = fields(await answerOf(await fetch(url, { method: 'POST' })));
  return String(killed);
}

async function answerOf(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  if (response.status === 401) {
    throw new Error(
      'This server wants an access token: open the address that it printed, with ?token=… at its end.',
    );
  }
  const { message } = fields(await response.json().catch(() => null));
  throw new Error(
    typeof message === 'string' ? message : `The server answered with status ${response.status}.`,
  );
}

/** How long the page waits after a stream that ended for good, in milliseconds. */
const AGAIN_MS = 1000;

/** What a {@link watchOverview} tells. */
export interface OverviewObserver {
  /** The list has changed, or the page is connected again. */
  readonly next: (overview: Overview) => void;
  /** The page is not connected, and tries again by itself. The sentence is for people. */
  readonly lost: (problem: string) => void;
}

/**
 * Follows the list until `signal` aborts: once at the start, then at each change.
 *
 * @param urls Where the list is, as JSON and as server-sent events.
 */
export function watchOverview(
  urls: { readonly documents: string; readonly events: string },
  observer: OverviewObserver,
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  const source = new EventSource(urls.events);
  signal.addEventListener('abort', () => source.close(), { once: true });
  source.addEventListener('documents', ({ data }: MessageEvent<string>) => {
    observer.next(readOverview(JSON.parse(data)));
  });
  source.addEventListener('error', () => {
    if (signal.aborted) return;
    observer.lost('Not connected. Trying again…');
    // A broken connection comes back by itself. After a refusal the browser gives up: then ask for the reason, and begin anew.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => watchOverview(urls, observer, signal), AGAIN_MS);
    fetchOverview(urls.documents).then(observer.next, (error: Error) => {
      if (!(error instanceof TypeError)) observer.lost(error.message);
    });
  });
}
