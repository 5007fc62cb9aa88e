import { GONE, type Presence } from '../documents/messages';
import { SERVER_CLIENT } from './server-state';

/** Who a client says it is. */
export type User = { readonly name: string; readonly color: string };

const MAX_USER_NAME = 64;
const COLOR = /^#(?:[\da-f]{3}|[\da-f]{6})$/i;
const DEFAULT_COLOR = '#888888';

/**
 * The presences that pass one socket. Tells the client's own from those that it only repeats, and remembers which ones the client was told, so that those
 * whom the next holder of the document does not know can be removed.
 */
export class PresenceRelay {
  /** What the client last said of itself. */
  own: Presence | undefined;
  readonly #told = new Map<number, number>();
  #missing = new Set<number>();
  #user: User | null = null;
  #hasUserChanged = false;

  get hasMissing(): boolean {
    return this.#missing.size > 0;
  }

  /** Notes what a client says. @returns What it says of itself, if that is new. */
  heard(present: readonly Presence[]): Presence | undefined {
    const own = present.find(({ client, state }) =>
      this.own === undefined
        ? client !== SERVER_CLIENT && state !== GONE && !this.#told.has(client)
        : client === this.own.client,
    );
    if (own === undefined || (own.clock <= (this.own?.clock ?? -1) && own.state !== GONE)) return undefined;
    this.own = own;
    this.#noteUser(userOf(own.state));
    return own;
  }

  /** Notes what the client is told. @returns The same. */
  told(present: readonly Presence[]): readonly Presence[] {
    for (const { client, clock, state } of present) {
      this.#missing.delete(client);
      if (state === GONE) this.#told.delete(client);
      else this.#told.set(client, clock);
    }
    return present;
  }

  /** Notes what another holder of the document knows. Those whom it does not know may be about to announce themselves. @returns The same. */
  begin(present: readonly Presence[]): readonly Presence[] {
    this.#missing = new Set(this.#told.keys());
    return this.told(present);
  }

  /** Returns the removal of those who have not announced themselves again. */
  forgetMissing(): readonly Presence[] {
    const gone = [...this.#missing].map((client) => ({
      client,
      clock: this.#told.get(client) ?? 0,
      state: GONE,
    }));
    this.#missing = new Set();
    return this.told(gone);
  }

  /** Returns who the client says it is, and whether that has changed since the last time. */
  takeUser(): { readonly user: User | null; readonly hasChanged: boolean } {
    const hasChanged = this.#hasUserChanged;
    this.#hasUserChanged = false;
    return { user: this.#user, hasChanged };
  }

  #noteUser(user: User | null): void {
    if (user?.name === this.#user?.name && user?.color === this.#user?.color) return;
    this.#user = user;
    this.#hasUserChanged = true;
  }
}

/** Reads `user` of a state in awareness, as y-codemirror and others write it. */
function userOf(state: string): User | null {
  const { user } = (JSON.parse(state) ?? {}) as { readonly user?: unknown };
  if (typeof user !== 'object' || user === null) return null;
  const { name, color } = user as { readonly name?: unknown; readonly color?: unknown };
  if (typeof name !== 'string' || name === '') return null;
  const isColor = typeof color === 'string' && COLOR.test(color);
  return { name: name.slice(0, MAX_USER_NAME), color: isColor ? color : DEFAULT_COLOR };
}
