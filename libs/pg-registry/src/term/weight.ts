import type { Pid } from './pid';

/**
 * What the parts of a value weigh: a unit is some 0.2 µs of their reader's time. Most parts of a value cost nanoseconds for each byte; these cost
 * up to microseconds for a byte or two, because V8 makes an object of its own kind for each, or hashes it.
 */
export const WEIGHT = {
  /** A Map, Set, Date, Pid, typed array or ArrayBuffer, and an object whose names no object of the value had before. */
  part: 8,
  /** One of the first {@link SHAPE_NAMES} names of such an object: V8 makes a hidden class for each. */
  name: 7,
  /** A further name. */
  furtherName: 3,
  /** In addition, for a Pid of a node of which the value has no other. */
  home: 8,
  /** A member of a Set, or an entry of a Map. */
  member: 1.25,
  /** In addition, if it, or its key, is an object or array. */
  objectMember: 4,
  /** In addition, if it, or its key, is a bigint. */
  bigintMember: 2,
  /** An array or plain object that is not empty. They cost little, but a megabyte may hold half a million. */
  container: 0.5,
  /** In addition, for each of its elements or properties. */
  element: 0.125,
  /** An element of an array, or property of an object, in a key: tables have a level for each. */
  inKey: 8,
} as const;

/** The most that a value may weigh. All nodes have the same limit, so what one accepts of its user another can read. */
export const MOST_WEIGHT = 131_072;

/** The most that a frame's part may weigh that is read in one go: a key, a value, and what is small beside them. */
export const MOST_READ_WEIGHT: number = MOST_WEIGHT * 1.5;

/** The most elements and properties of a key, all levels together. */
export const MOST_KEY_PARTS = 4096;

/**
 * The most characters of a text that V8 hashes. A longer one is hashed by its length alone: in a Map it is compared with all others of its length. Names
 * of properties may have no more, because all objects of the Node.js process share the table of names.
 */
export const LONGEST_HASHED = 16_383;

/** An object with more names than so many costs less for each further one, because V8 makes no hidden classes for it. */
const SHAPE_NAMES = 32;

/** The first Pids of a value are not worth to look which are of new nodes. */
export const FEW_PIDS = 1000;

/** The names of the first objects of a value weigh nothing until there are so many: they are not worth to look which are new. */
export const FEW_NAMES = 2000;

/** Finds which objects of a value have names, in order, that none had before. */
export class NewNames {
  /** By the first of the names. */
  readonly #seen = new Map<string, (readonly string[])[]>();

  /** What an object with these names weighs. */
  weightOf(names: readonly string[]): number {
    const [first = ''] = names;
    const known = this.#seen.get(first);
    if (known?.some((others) => areSame(others, names)) === true) return 0;
    if (known === undefined) this.#seen.set(first, [names]);
    else known.push(names);
    return weightOfNames(names.length);
  }
}

/** What an object weighs whose names no object of the value had before. */
export function weightOfNames(count: number): number {
  return count <= SHAPE_NAMES
    ? WEIGHT.part + count * WEIGHT.name
    : WEIGHT.part + SHAPE_NAMES * WEIGHT.name + (count - SHAPE_NAMES) * WEIGHT.furtherName;
}

/** Finds which Pids of a value are of nodes of which it had none before. */
export class NewHomes {
  readonly #seen = new Map<string, string>();

  /** What it weighs in addition that this Pid is of its node. */
  weightOf({ node, incarnation }: Pid): number {
    // Two nodes of one incarnation are written out in turns, as long as anybody makes such Pids.
    if (this.#seen.get(incarnation) === node) return 0;
    this.#seen.set(incarnation, node);
    return WEIGHT.home;
  }
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

/** What a member of a Set, or a key of a Map, weighs beside what all of them do. */
export function furtherWeightOf(member: unknown): number {
  if (typeof member === 'bigint') return WEIGHT.bigintMember;
  return typeof member === 'object' && member !== null ? WEIGHT.objectMember : 0;
}

/** What the members of a Set, or the keys of a Map, weigh. */
export function weightOfMembers(members: readonly unknown[]): number {
  let weight = members.length * WEIGHT.member;
  for (const member of members) weight += furtherWeightOf(member);
  return weight;
}
