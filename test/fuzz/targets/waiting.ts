import type { Message } from '../engine/input';

/** The longest time after one message. */
const LONGEST_WAIT_MS = 1000;
/** From here on `wait` is a time, which doubles with each such step; below it no time passes. */
const FIRST = 128;
const STEPS_TO_DOUBLE = 12;

/** How much time passes after a message: none for most. */
export function waitMsOf({ wait }: Pick<Message, 'wait'>): number {
  return wait < FIRST ? 0 : Math.min(LONGEST_WAIT_MS, 2 ** ((wait - FIRST) / STEPS_TO_DOUBLE));
}

/** The `wait` that comes nearest to a time. */
export function waitFor(ms: number): number {
  if (ms < 0.5) return 0;
  return Math.min(255, FIRST + Math.round(Math.log2(Math.max(1, ms)) * STEPS_TO_DOUBLE));
}
