import type { NodeAvailability } from '../calls';
import { type Key, type Pid, quoteText, type Value } from '../term';
import type { Entry } from '../table';
import type { EntitiesDeps } from './entities-deps';
import type { Host } from './host';
import { ranked } from './placement';

/** The internal scope in which nodes offer entity types: the key is the type. */
export const HOSTS_SCOPE = 'pg.hosts';
/** The internal scope of living entities: the key is `[type, key]`. */
export const ENTITIES_SCOPE = 'pg.entities';
/** The value of an entity that is being moved away. */
export const MOVING = 'moving';

/** So many nodes are named in an error. */
export const MOST_NAMES = 5;

/** What a host says of itself. */
type Offer = Pick<Host, 'guard' | 'stateVersion' | 'full'>;

/** Makes the value of a host's entry. */
export function offerOf({ guard, stateVersion, full }: Offer): Value {
  return { guard, stateVersion, full };
}

/** Reads what a peer says of itself; undefined if it is no offer. */
function normalOffer(value: unknown): Offer | undefined {
  if (typeof value !== 'object' || value === null || !('stateVersion' in value) || !('guard' in value))
    return undefined;
  const { guard, stateVersion } = value;
  if (typeof stateVersion !== 'number' || (guard !== 'view' && guard !== 'lease')) return undefined;
  return { guard, stateVersion, full: 'full' in value && value.full === true };
}

/** The names of the first few hosts, and which of them are full, for an error: there may be a thousand. */
export function namesOf(hosts: readonly Host[]): string {
  const names = hosts
    .slice(0, MOST_NAMES)
    .map(({ node, full }) => `${quoteText(node)}${full ? ' (full)' : ''}`);
  const more = hosts.length - names.length;
  return (names.join(', ') || 'none') + (more > 0 ? ` and ${more} more` : '');
}

/** What a {@link Directory} is given. */
type DirectoryDeps = Pick<EntitiesDeps, 'scope' | 'entriesOf' | 'availability'>;

/** What this node knows of hosts and living entities. */
export class Directory {
  readonly #deps: DirectoryDeps;
  readonly #availability: (pid: Pid) => NodeAvailability;

  constructor(deps: DirectoryDeps) {
    this.#deps = deps;
    this.#availability = deps.availability;
  }

  /**
   * Checks a key of another node, once for all look-ups: each of them would make a copy of it.
   *
   * @throws ValueTooLargeError if no entity can have it.
   */
  checkKey(type: string, key: Key): void {
    this.#deps.scope(ENTITIES_SCOPE).lookup([type, key]);
  }

  /** All nodes that offer a type, whatever their state. A peer may have written anything: what is no offer is left out. */
  offers(type: string): readonly Host[] {
    const hosts: Host[] = [];
    for (const { pid, value } of this.#deps.entriesOf(HOSTS_SCOPE, type)) {
      const offer = normalOffer(value);
      if (offer !== undefined) hosts.push({ node: pid.node, pid, ...offer });
    }
    return hosts;
  }

  /** Those that may start an entity of this key now, the best first: they are ready and not full. */
  candidates(type: string, key: Key): readonly Host[] {
    const ready = this.offers(type).filter(({ pid, full }) => !full && this.#availability(pid) === 'ready');
    return ranked(type, key, ready);
  }

  /** The living entities of a key, that of the best place first; there are several only after a split. Those on their way come last. */
  living(type: string, key: Key): readonly Pid[] {
    const entries = this.#entriesOf(type, key);
    if (entries.length === 0) return [];
    const [entry] = entries;
    if (entries.length === 1 && entry !== undefined) return [entry.pid];
    const best = ranked(
      type,
      key,
      entries.map(({ pid, value }) => ({ node: pid.node, pid, value })),
    );
    return [
      ...best.filter(({ value }) => value !== MOVING),
      ...best.filter(({ value }) => value === MOVING),
    ].map(({ pid }) => pid);
  }

  /** A living entity of a key, other than that of a process, on a node of the cluster. Those on their way do not count. */
  otherThan(pid: Pid, type: string, key: Key): Pid | undefined {
    const others = this.#entriesOf(type, key).filter((entry) => entry.pid !== pid && entry.value !== MOVING);
    return others.find((entry) => this.#availability(entry.pid) !== 'unknown')?.pid;
  }

  /** Whether an entity of this process lives, and is not on its way to another node. */
  isStaying(type: string, key: Key, pid: Pid): boolean {
    return this.#entriesOf(type, key).some((entry) => entry.pid === pid && entry.value !== MOVING);
  }

  #entriesOf(type: string, key: Key): readonly Entry[] {
    return this.#deps.entriesOf(ENTITIES_SCOPE, [type, key]);
  }

  /** The host of a type on the node of a process. */
  hostAt(type: string, { incarnation }: Pid): Host | undefined {
    return this.offers(type).find(({ pid }) => pid.incarnation === incarnation);
  }
}
