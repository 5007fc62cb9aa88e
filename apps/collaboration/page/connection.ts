import * as decoding from 'lib0/decoding';
import type { Awareness } from 'y-protocols/awareness';
import { messageYjsSyncStep1 } from 'y-protocols/sync';
import { messageSync, WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import type { Addresses } from './address';
import { readUser, type User } from './user';

/** The awareness client that the server speaks as. Clients of Yjs draw their ids at random, and the server accepts no other 1. */
export const SERVER_CLIENT_ID = 1;

/** Most people that the page shows in one document. */
export const MOST_PEOPLE = 50;

/** Longest pause before the page connects again, in milliseconds: somebody looks at it and waits. */
const MOST_PAUSE_MS = 1000;

/** The server takes no update of this size, and the page makes no smaller one of it. */
const TOO_LARGE = 1009;

/** Close codes for which connecting again changes nothing: y-websocket's own range, and one more. */
const isPermanent = (code: number): boolean => (code >= 4400 && code < 4500) || code === TOO_LARGE;

/** Somebody who has the document open. */
export interface Person {
  /** The client id of Yjs: a new one for each page. */
  readonly id: number;
  /** Name and colour. */
  readonly user: User;
}

/** What the server says of the document. */
export interface ServerState {
  /** The node that serves this page. */
  readonly node: string;
  /** The node that holds the document; `null` while there is none. */
  readonly holder: string | null;
  /** Whether everything that the holder has received is in the database. */
  readonly saved: boolean;
  /** Why it is not, if that is more than a matter of seconds. */
  readonly problem: string | null;
}

/** Everything that the page shows around the text. Objects are new when they change. */
export interface ConnectionState {
  /** `closed`: the server refused the page for good, see `closedBecause`. */
  readonly socket: 'connecting' | 'connected' | 'closed';
  /** Whether this page was ever connected and had the document's text. */
  readonly opened: boolean;
  /** The server's reason, as a sentence. */
  readonly closedBecause: string | null;
  /** `null` while the page is not connected. */
  readonly server: ServerState | null;
  /** Whether edits of this page may be missing in the database. */
  readonly unsaved: boolean;
  /** The others, at most {@link MOST_PEOPLE}. */
  readonly people: readonly Person[];
  /** How many others there are. */
  readonly peopleCount: number;
}

/** One page's connection to one document: y-websocket's own client, and what is shown of it. */
export class Connection {
  /** The document's text. */
  readonly text: Y.Text;
  readonly #provider: WebsocketProvider;
  readonly #changed: (state: ConnectionState) => void;
  #state: ConnectionState = {
    socket: 'connecting',
    opened: false,
    closedBecause: null,
    server: null,
    unsaved: false,
    people: [],
    peopleCount: 0,
  };

  /**
   * Connects.
   *
   * @param name The document.
   * @param changed Called with each new state; not within the constructor.
   */
  constructor(addresses: Addresses, name: string, user: User, changed: (state: ConnectionState) => void) {
    this.#changed = changed;
    const doc = new Y.Doc();
    this.text = doc.getText('text');
    this.#provider = new WebsocketProvider(addresses.socket, encodeURIComponent(name), doc, {
      connect: false,
      params: addresses.token === null ? {} : { token: addresses.token },
      // Two tabs of one browser may be on two nodes; what one node says of itself is not for the other tab.
      disableBc: true,
      maxBackoffTime: MOST_PAUSE_MS,
      shouldReconnect: ({ code }) => !isPermanent(code),
    });
    this.setUser(user);
    this.#followSocket();
    this.#followAwareness();
    this.#followAcknowledgements(doc);
    this.#provider.connect();
  }

  /** The present state. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Who is there, and where their cursors are. */
  get awareness(): Awareness {
    return this.#provider.awareness;
  }

  /** Tells the others who sits here. */
  setUser({ name, color }: User): void {
    this.awareness.setLocalStateField('user', { name, color, colorLight: `${color}40` });
  }

  /** Calls `listener` once if the server refuses this page for good. */
  onClosed(listener: () => void): void {
    this.#provider.once('closed', listener);
  }

  /** Says goodbye to the others and closes the socket. */
  close(): void {
    this.#provider.destroy();
    this.#provider.doc.destroy();
  }

  #followSocket(): void {
    this.#provider.on('status', ({ status }) => {
      if (this.#state.socket === 'closed') return;
      this.#set({ socket: status === 'connected' ? 'connected' : 'connecting' });
    });
    this.#provider.on('sync', (synced) => {
      if (synced) this.#set({ opened: true });
    });
    this.#provider.on('connection-close', (event) => {
      if (event === null || !isPermanent(event.code)) return;
      const closedBecause = event.reason || `The server closed the connection (code ${event.code}).`;
      this.#set({ socket: 'closed', closedBecause });
    });
  }

  #followAwareness(): void {
    this.awareness.on('change', () => {
      const states = this.awareness.getStates();
      const people = peopleOf(states, this.awareness.clientID);
      const changes = {
        server: readServerState(states.get(SERVER_CLIENT_ID)),
        people: people.slice(0, MOST_PEOPLE),
        peopleCount: people.length,
      };
      this.#set(changes);
      this.#noteSaved();
    });
  }

  /** Edits of this page that a save of the server has not covered yet: how many, by Yjs's clock, or `null` if there are none. */
  #edited: number | null = null;
  #acknowledged = false;

  #followAcknowledgements(doc: Y.Doc): void {
    doc.on('afterTransaction', (transaction: Y.Transaction) => {
      if (!transaction.local || transaction.changed.size === 0) return;
      this.#edited = Y.getState(doc.store, doc.clientID);
      this.#acknowledged = false;
      this.#set({ unsaved: true });
    });
    const [readSync] = this.#provider.messageHandlers;
    if (readSync === undefined)
      throw new Error('This version of y-websocket has no handler for sync messages.');
    this.#provider.messageHandlers[messageSync] = (encoder, decoder, ...rest) => {
      const vector = stateVectorIn(decoder);
      readSync(encoder, decoder, ...rest);
      if (vector === null || this.#edited === null) return;
      // Deletions do not move the clock. The server asks again after the save that has them.
      this.#acknowledged = (vector.get(doc.clientID) ?? 0) >= this.#edited;
      this.#noteSaved();
    };
  }

  #noteSaved(): void {
    if (this.#edited === null || !this.#acknowledged || this.#state.server?.saved !== true) return;
    this.#edited = null;
    this.#set({ unsaved: false });
  }

  #set(changes: Partial<ConnectionState>): void {
    const next = { ...this.#state, ...changes };
    // Awareness changes with every movement of somebody's cursor; most of that is not shown here.
    if (JSON.stringify(next) === JSON.stringify(this.#state)) return;
    this.#state = next;
    this.#changed(next);
  }
}

/** The state vector of a sync step 1, which the server sends of what it has saved; `null` for other messages. Reads ahead only. */
function stateVectorIn(decoder: decoding.Decoder): Map<number, number> | null {
  const ahead = decoding.clone(decoder);
  if (decoding.readVarUint(ahead) !== messageYjsSyncStep1) return null;
  return Y.decodeStateVector(decoding.readVarUint8Array(ahead));
}

function peopleOf(states: ReadonlyMap<number, unknown>, self: number): Person[] {
  const people: Person[] = [];
  for (const [id, state] of states) {
    if (id === self || id === SERVER_CLIENT_ID || typeof state !== 'object' || state === null) continue;
    const user = readUser((state as { readonly user?: unknown }).user);
    if (user !== null) people.push({ id, user });
  }
  return people.toSorted((a, b) => a.id - b.id);
}

function readServerState(state: unknown): ServerState | null {
  if (typeof state !== 'object' || state === null) return null;
  const { server } = state as { readonly server?: unknown };
  if (typeof server !== 'object' || server === null) return null;
  const { node, holder, saved, problem } = server as Readonly<Record<string, unknown>>;
  return {
    node: String(node),
    holder: typeof holder === 'string' ? holder : null,
    saved: saved === true,
    problem: typeof problem === 'string' ? problem : null,
  };
}
