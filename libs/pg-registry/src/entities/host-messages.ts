import {
  InvalidArgumentError,
  isPid,
  isRecord,
  type Key,
  normalKey,
  type PidInterner,
  type Value,
  type ValueLimits,
} from '../term';
import type { Announcement, Delivery } from './arrivals';
import type { MergeRequest } from './merges';

/** The two numbers of 32 bits that name a move or merge, in hexadecimal. */
const MOST_NUMBER_LENGTH = 17;

/**
 * What hosts say to each other, as calls to their processes. A peer may say anything, so every part is checked where it is read.
 *
 *     known     { type, key }                                      → the process of the entity, or null
 *     prepare   { type, key, moveId, from }                        → null: calls to the key are parked
 *     receive   … and { stateVersion, hasState, state }            → the process of the entity that has started
 *     settle    null                                               → null: every node knows the entries of this one
 *     merge     { type, key, mergeId, state }                      → whether the entity had a use for the state
 *
 * And what operators order:
 *
 *     { order: 'stop', type, key, reason }                         → whether it lived here
 *     { order: 'move', type, key, node }                           → whether it is there now
 */
export class HostMessages {
  readonly #limits: ValueLimits;
  readonly #pids: PidInterner;

  constructor(limits: ValueLimits, pids: PidInterner) {
    this.#limits = limits;
    this.#pids = pids;
  }

  /** @throws InvalidArgumentError for what no host says, as do the methods below. */
  address(message: Value): { readonly type: string; readonly key: Key } {
    const parts = this.#parts(message);
    return { type: text(parts['type']), key: this.#key(parts['key']) };
  }

  announcement(message: Value): Announcement {
    const { moveId, from } = this.#parts(message);
    if (!isPid(from)) throw strange();
    return { ...this.address(message), moveId: number(moveId), from };
  }

  delivery(message: Value): Delivery {
    const { stateVersion, hasState, state } = this.#parts(message);
    if (typeof stateVersion !== 'number' || typeof hasState !== 'boolean') throw strange();
    return { ...this.announcement(message), stateVersion, hasState, state };
  }

  merge(message: Value): MergeRequest {
    const { mergeId, state } = this.#parts(message);
    return { ...this.address(message), mergeId: number(mergeId), state };
  }

  /** What somebody orders. */
  order(message: Value): 'stop' | 'move' {
    const { order } = this.#parts(message);
    if (order !== 'stop' && order !== 'move') throw strange();
    return order;
  }

  /** One more text of a message. */
  text(message: Value, name: string): string {
    return text(this.#parts(message)[name]);
  }

  #parts(message: Value): Readonly<Record<string, Value>> {
    if (!isRecord(message)) throw strange();
    return message;
  }

  #key(key: unknown): Key {
    return normalKey(key, this.#limits, this.#pids);
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > 256) throw strange();
  return value;
}

/** What names a move or a merge: it is remembered for long. */
function number(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > MOST_NUMBER_LENGTH) throw strange();
  return value;
}

function strange(): InvalidArgumentError {
  return new InvalidArgumentError('Not what hosts of entities say to each other. Nothing was done.');
}
