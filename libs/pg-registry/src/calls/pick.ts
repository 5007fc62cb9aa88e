import { type EntityElsewhereError, hashText, type Key, KeyMap, mixHash, type Pid } from '../term';
import type { NodeAvailability, Peers, Resolver } from './resolver';
import { HashBy, type Via } from './via';

/** Round-robin positions that are kept; the name that was not used for longest starts over. */
const MAX_POSITIONS = 10_000;
/** Members drawn at random before all of them are looked at. */
const RANDOM_TRIES = 8;
/** Ready nodes are asked first; if there are none those about to leave; if there are none those that may be gone. */
const TIERS: readonly NodeAvailability[] = ['ready', 'draining', 'suspect'];

/** Members that were asked and could not answer. */
export class TriedMembers {
  /** The process that the last one named instead of itself. */
  redirect: Pid | undefined;
  /** What the last one said that named another process. */
  lastNamed: EntityElsewhereError | undefined;
  readonly #incarnations = new Set<string>();
  readonly #processes = new Set<string>();

  /** Adds one process, or every process of its node. */
  add({ incarnation, id }: Pid, askNext: 'other-process' | 'other-node'): void {
    if (askNext === 'other-node') this.#incarnations.add(incarnation);
    else this.#processes.add(`${incarnation}.${id}`);
  }

  /** Returns whether this process, or its whole node, was tried. */
  has({ incarnation, id }: Pid): boolean {
    return this.#incarnations.has(incarnation) || this.#processes.has(`${incarnation}.${id}`);
  }
}

/** What decides whether a member may be picked. */
interface Filter {
  readonly availability: NodeAvailability;
  readonly tried: Pick<TriedMembers, 'has'> | undefined;
}

/** Picks a member of a name. One per node, because it counts the round-robin. */
export class Picker {
  readonly #positions = new Map<string, KeyMap<number>>();
  readonly #hashes = new WeakMap<Pid, number>();
  #positionCount = 0;

  readonly #resolver: Resolver;
  readonly #peers: Peers;
  readonly #random: () => number;

  constructor(resolver: Resolver, peers: Peers, random: () => number) {
    this.#resolver = resolver;
    this.#peers = peers;
    this.#random = random;
  }

  /**
   * Returns the member to ask, or undefined if there is none. Looks at one member; with many suspects or `hashBy` at all of them.
   *
   * @param tried Members to pass over.
   * @throws What {@link Resolver.members} throws.
   */
  pick({ scope, key, strategy }: Via, tried: Filter['tried']): Pid | undefined {
    if (strategy === 'local-first') {
      const local = this.#resolver.membersLocal(scope, key);
      if (local.length > 0) {
        const picked = this.#anyOf(local, { availability: 'ready', tried });
        if (picked !== undefined) return picked;
      }
    }
    const members = this.#resolver.members(scope, key);
    for (const availability of members.length === 0 ? [] : TIERS) {
      const filter = { availability, tried };
      let picked: Pid | undefined;
      if (strategy instanceof HashBy) picked = this.#heaviest(members, strategy, filter);
      else if (strategy === 'round-robin') picked = this.#next(members, scope, key, filter);
      else picked = this.#anyOf(members, filter);
      if (picked !== undefined) return picked;
    }
    return undefined;
  }

  #fits(pid: Pid, { availability, tried }: Filter): boolean {
    return this.#peers.availability(pid) === availability && tried?.has(pid) !== true;
  }

  #anyOf(members: readonly Pid[], filter: Filter): Pid | undefined {
    for (let tries = Math.min(RANDOM_TRIES, members.length); tries > 0; tries -= 1) {
      const pid = members[Math.floor(this.#random() * members.length)];
      if (pid !== undefined && this.#fits(pid, filter)) return pid;
    }
    // Starting at a random place would favour the member that stands behind those that do not fit.
    const fitting = members.filter((pid) => this.#fits(pid, filter));
    return fitting[Math.floor(this.#random() * fitting.length)];
  }

  #next(members: readonly Pid[], scope: string, key: Key, filter: Filter): Pid | undefined {
    const start = this.#positions.get(scope)?.get(key) ?? 0;
    for (let step = 0; step < members.length; step += 1) {
      const position = (start + step) % members.length;
      const pid = members[position];
      if (pid === undefined || !this.#fits(pid, filter)) continue;
      this.#remember(scope, key, position + 1);
      return pid;
    }
    return undefined;
  }

  #remember(scope: string, key: Key, position: number): void {
    let positions = this.#positions.get(scope);
    if (positions === undefined) this.#positions.set(scope, (positions = new KeyMap()));
    // Deleted first, so that the order of the map is the order of use.
    if (positions.delete(key)) this.#positionCount -= 1;
    positions.set(key, position);
    this.#positionCount += 1;
    if (this.#positionCount <= MAX_POSITIONS) return;
    const [oldest] = positions.keys();
    if (oldest !== undefined && positions.delete(oldest)) this.#positionCount -= 1;
  }

  /** Picks by rendezvous hashing: every member gets a number from the hash and its own pid, and the highest wins. */
  #heaviest(members: readonly Pid[], { text }: HashBy, filter: Filter): Pid | undefined {
    const hash = hashText(text);
    let best: Pid | undefined;
    let most = -1;
    for (const pid of members) {
      const weight = mixHash(hash ^ this.#hashOf(pid));
      if (weight < most || (weight === most && best !== undefined && !precedes(pid, best))) continue;
      if (!this.#fits(pid, filter)) continue;
      best = pid;
      most = weight;
    }
    return best;
  }

  #hashOf(pid: Pid): number {
    let hash = this.#hashes.get(pid);
    if (hash === undefined) this.#hashes.set(pid, (hash = mixHash(hashText(`${pid.incarnation}.${pid.id}`))));
    return hash;
  }
}

/** Decides a draw the same way on every node. */
function precedes(a: Pid, b: Pid): boolean {
  return a.incarnation === b.incarnation ? a.id < b.id : a.incarnation < b.incarnation;
}
