/**
 * What is fuzzed: each target feeds one part of the library with what a stranger may send to it, and has the oracle that says whether the
 * part kept its promises. A new kind of frame (wire/frame-kinds.ts) is fuzzed without a change here.
 */
import type { Target } from '../engine/target';
import { callsTarget } from './calls';
import { decodeTarget } from './decode';
import { edgesTarget } from './edges';
import { matchTarget } from './match';
import { peerTarget } from './peer';
import { recordsTarget } from './records';
import { streamsTarget } from './streams';
import { valuesTarget } from './values';

/** All targets, in the order in which they have their turns. */
export const TARGETS: readonly Target[] = [
  decodeTarget,
  peerTarget,
  valuesTarget,
  matchTarget,
  callsTarget,
  streamsTarget,
  edgesTarget,
  recordsTarget,
];

/** The targets with these names; all if none is named. @throws Error naming one that there is not */
export function targetsOf(names: readonly string[]): readonly Target[] {
  if (names.length === 0) return TARGETS;
  return names.map((name) => {
    const target = TARGETS.find((one) => one.name === name);
    if (target !== undefined) return target;
    throw new Error(`There is no target '${name}'; there are ${TARGETS.map((one) => one.name).join(', ')}.`);
  });
}
