import { randomFillSync } from 'node:crypto';

/** Numbers that are drawn at a time: asking the system for each would cost more than a call. */
const POOL = 1024;
const BITS_27 = 2 ** 27;
const BITS_26 = 2 ** 26;

/** Returns a function that returns whole numbers from 0 to 2^53 − 1 which nobody can guess. */
export function unguessableNumbers(): () => number {
  const random = unguessableRandom();
  return () => random() * BITS_27 * BITS_26;
}

/** Returns a function like `Math.random`, of which nobody can guess the next number from those before. */
export function unguessableRandom(): () => number {
  const pool = new Uint32Array(POOL);
  let used = POOL;
  return () => {
    if (used === POOL) {
      randomFillSync(pool);
      used = 0;
    }
    const high = pool[used] >>> 5;
    const low = pool[used + 1] >>> 6;
    used += 2;
    return (high * BITS_26 + low) / (BITS_27 * BITS_26);
  };
}

/** Returns a text of letters and digits that nobody can guess. @param random Returns such numbers in [0, 1). */
export function unguessableText(random: () => number): string {
  const part = (): string => (random() * BITS_27 * BITS_26).toString(36);
  return part() + part();
}
