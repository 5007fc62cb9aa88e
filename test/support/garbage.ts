import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How many turns to wait at most: V8 runs the finalizers of one registry in a turn, those of earlier tests in this process first. */
const MOST_TURNS = 5000;
const TURNS_BETWEEN_COLLECTIONS = 250;

/** Lets the garbage collector run, and finalizers, until the condition holds or too many turns have passed. Assert the condition afterwards. */
export async function collectUntil(condition: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flag puts it there
  const collectGarbage = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < MOST_TURNS && !condition(); turn += 1) {
    // What was made or looked at in a turn lives to its end.
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setImmediate(resolve));
    if (turn % TURNS_BETWEEN_COLLECTIONS === 0) collectGarbage();
  }
}
