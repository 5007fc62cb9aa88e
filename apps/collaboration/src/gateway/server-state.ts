import type { Presence } from '../documents/messages';

/** The number of the client in awareness that stands for the server. Yjs's clients choose random ones of 32 bits. */
export const SERVER_CLIENT = 1;

/** What the server says of itself to a browser, as `server` of its state in awareness. */
export interface ServerState {
  /** The node that serves this browser. */
  readonly node: string;
  /** The node that holds the document; null while it is looked for. */
  readonly holder: string | null;
  /** Whether everything that the holder has received is in the database. */
  readonly saved: boolean;
  /** Why something is not saved, for people; null while that is normal. */
  readonly problem: string | null;
}

/** Makes the server's state for one browser, each time with a later clock. */
export class ServerPresence {
  readonly #node: string;
  #clock = 0;

  constructor(node: string) {
    this.#node = node;
  }

  /**
   * Returns the state.
   *
   * @param now The time of day: what another node said to the same browser earlier has to be older.
   */
  next(said: Omit<ServerState, 'node'>, now: number): Presence {
    const server: ServerState = { node: this.#node, ...said };
    this.#clock = Math.max(this.#clock + 1, now);
    return { client: SERVER_CLIENT, clock: this.#clock, state: JSON.stringify({ server }) };
  }
}
