import { KeyMap, type Pid } from '../term';
import type { NodeStanding, Resolver } from './resolver';
import { HashBy, type Via } from './via';

/** Round-robin positions that are kept; the name unused for longest starts over. */
const MAX_POSITIONS = 10_000;
/** Members looked at by chance before a walk over all of them. */
const RANDOM_TRIES = 8;
/** Who is asked: the ready ones; if there are none those about to leave; if there are none those that may be gone. */
const TIERS: readonly NodeStanding[] = ['ready', 'draining', 'suspect'];

/** Members that have been tried and were found unable to answer. */
export interface Exclusion {
  has(pid: Pid): boolean;
}

/** Chooses a member of a name. One per node: it counts the round-robin. */
export class Picker {
  readonly #positions = new Map<string, KeyMap<number>>();
  readonly #hashes = new WeakMap<Pid, number>();
  #positionCount = 0;

  readonly #resolver: Resolver;
  readonly #random: () => number;

  constructor(resolver: Resolver, random: () => number) {
    this.#resolver = resolver;
    this.#random = random;
  }

  /**
   * The member to ask, or undefined if there is none. Costs a look at one member, with many suspects or `hashBy` at all.
   *
   * @throws What {@link Resolver.members} throws.
   */
  pick(name: Via, excluded: Exclusion): Pid | undefined {
    const { scope, key, strategy } = name;
    if (strategy === 'local-first') {
      const local = this.#resolver.membersLocal(scope, key);
      const ready = this.#anyOf(local, (pid) => this.#isIn('ready', pid, excluded));
      if (ready !== undefined) return ready;
    }
    const members = this.#resolver.members(scope, key);
    for (const tier of members.length === 0 ? [] : TIERS) {
      const fits = (pid: Pid): boolean => this.#isIn(tier, pid, excluded);
      const picked = this.#among(members, name, fits);
      if (picked !== undefined) return picked;
    }
    return undefined;
  }

  #among(members: readonly Pid[], name: Via, fits: (pid: Pid) => boolean): Pid | undefined {
    if (name.strategy instanceof HashBy) return this.#heaviest(members, name.strategy, fits);
    if (name.strategy === 'round-robin') return this.#next(members, name, fits);
    return this.#anyOf(members, fits);
  }

  #isIn(tier: NodeStanding, pid: Pid, excluded: Exclusion): boolean {
    return this.#resolver.standing(pid) === tier && !excluded.has(pid);
  }

  #anyOf(members: readonly Pid[], fits: (pid: Pid) => boolean): Pid | undefined {
    for (let tries = Math.min(RANDOM_TRIES, members.length); tries > 0; tries -= 1) {
      const pid = members[Math.floor(this.#random() * members.length)];
      if (pid !== undefined && fits(pid)) return pid;
    }
    // A walk from a random place would favour whoever stands behind those that do not fit.
    const fitting = members.filter(fits);
    return fitting[Math.floor(this.#random() * fitting.length)];
  }

  #next(members: readonly Pid[], name: Via, fits: (pid: Pid) => boolean): Pid | undefined {
    const start = this.#positions.get(name.scope)?.get(name.key) ?? 0;
    for (let step = 0; step < members.length; step += 1) {
      const position = (start + step) % members.length;
      const pid = members[position];
      if (pid === undefined || !fits(pid)) continue;
      this.#remember(name, position + 1);
      return pid;
    }
    return undefined;
  }

  #remember({ scope, key }: Via, position: number): void {
    let positions = this.#positions.get(scope);
    if (positions === undefined) this.#positions.set(scope, (positions = new KeyMap()));
    // Taken out first, so that the order of the map is the order of use.
    if (positions.delete(key)) this.#positionCount -= 1;
    positions.set(key, position);
    this.#positionCount += 1;
    if (this.#positionCount <= MAX_POSITIONS) return;
    const [oldest] = positions.keys();
    if (oldest !== undefined && positions.delete(oldest)) this.#positionCount -= 1;
  }

  /** Rendezvous hashing: every member draws a number from what is hashed and its own pid, the highest wins. */
  #heaviest(members: readonly Pid[], { text }: HashBy, fits: (pid: Pid) => boolean): Pid | undefined {
    const hash = hashText(text);
    let best: Pid | undefined;
    let most = -1;
    for (const pid of members) {
      const weight = mix(hash ^ this.#hashOf(pid));
      if (weight < most || (weight === most && best !== undefined && !precedes(pid, best)) || !fits(pid))
        continue;
      best = pid;
      most = weight;
    }
    return best;
  }

  #hashOf(pid: Pid): number {
    let hash = this.#hashes.get(pid);
    if (hash === undefined) this.#hashes.set(pid, (hash = mix(hashText(`${pid.incarnation}.${pid.id}`))));
    return hash;
  }
}

/** Settles a draw alike on every node. */
function precedes(a: Pid, b: Pid): boolean {
  return a.incarnation === b.incarnation ? a.id < b.id : a.incarnation < b.incarnation;
}

/** FNV-1a over UTF-16 units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: every bit of the input changes half of the output. */
function mix(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
