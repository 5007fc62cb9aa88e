import { GONE, type Presence } from './messages';

/** A client's presence, and the session it belongs to; without one, its session was lost and it may come back through another. */
interface Shown {
  readonly presence: Presence;
  readonly session: string | undefined;
}

/**
 * Who is present in one document. A session speaks for one client; nobody else's presence can be changed through it, although browsers
 * send back what they were told of others.
 */
export class PresenceBoard {
  readonly #shown = new Map<number, Shown>();
  readonly #clients = new Map<string, number>();

  /** Notes what a session says of its client. @returns What to tell the others; undefined: nothing has changed. */
  announce(session: string, presence: Presence): Presence | undefined {
    const { client, clock, state } = presence;
    const known = this.#shown.get(client);
    const own = this.#clients.get(session);
    if (own !== undefined && own !== client) return undefined;
    if (known?.session !== undefined && known.session !== session) return undefined;
    if (state === GONE) return own === client ? this.#remove(client, clock) : undefined;
    if (known?.session === session && clock <= known.presence.clock) return undefined;
    this.#shown.set(client, { presence, session });
    this.#clients.set(session, client);
    return presence;
  }

  /** Notes that a session has ended. @returns Its client, which {@link expire} removes unless another session has announced it. */
  leave(session: string): number | undefined {
    const client = this.#clients.get(session);
    this.#clients.delete(session);
    const known = client === undefined ? undefined : this.#shown.get(client);
    if (client === undefined || known === undefined) return undefined;
    this.#shown.set(client, { ...known, session: undefined });
    return client;
  }

  /** Removes a client that belongs to no session. @returns What to tell the others; undefined: it belongs to one. */
  expire(client: number): Presence | undefined {
    const known = this.#shown.get(client);
    if (known === undefined || known.session !== undefined) return undefined;
    return this.#remove(client, known.presence.clock);
  }

  /** Shows clients that another holder of the document knew, until their sessions announce them. @returns The clients. */
  inherit(present: readonly Presence[]): readonly number[] {
    for (const presence of present) this.#shown.set(presence.client, { presence, session: undefined });
    return present.map(({ client }) => client);
  }

  all(): readonly Presence[] {
    return [...this.#shown.values()].map(({ presence }) => presence);
  }

  #remove(client: number, clock: number): Presence {
    const session = this.#shown.get(client)?.session;
    this.#shown.delete(client);
    if (session !== undefined) this.#clients.delete(session);
    return { client, clock, state: GONE };
  }
}
