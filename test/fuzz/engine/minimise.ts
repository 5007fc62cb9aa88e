import { SeededRandom } from '../../support/seeded-random';
import { type ReadBody, withoutFields } from './body-mutation';
import type { Input, Message } from './input';

/** How often a finding is run again to make it smaller. */
const MOST_RUNS = 800;
/** How often fields of a body are left out at random. */
const FIELD_RUNS = 60;

/**
 * Makes an input smaller as long as it shows the same fault: without some of its messages, without some of their bytes, and with zeros
 * for what it did not need.
 *
 * @param read Finds the fields of a message.
 * @param isSame Runs an input and tells whether it shows the fault.
 */
export async function minimise(
  input: Input,
  read: (message: Message) => ReadBody,
  isSame: (input: Input) => Promise<boolean>,
): Promise<Input> {
  let best = input;
  let runs = 0;
  const attempt = async (candidate: Input): Promise<boolean> => {
    if (runs >= MOST_RUNS) return false;
    runs += 1;
    if (!(await isSame(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    for (let at = best.length - size; at >= 0; at -= size) {
      if (at + size <= best.length && best.length > size) await attempt(best.toSpliced(at, size));
    }
  }
  for (let index = 0; index < best.length; index += 1) {
    for (const changed of [{ how: 0 }, { wait: 0 }])
      await attempt(best.with(index, { ...best[index], ...changed }));
    await leaveOutFields(index, () => best, read, attempt);
    await shrinkBody(index, () => best, attempt);
  }
  return best;
}

async function leaveOutFields(
  index: number,
  bestOf: () => Input,
  read: (message: Message) => ReadBody,
  attempt: (candidate: Input) => Promise<boolean>,
): Promise<void> {
  const random = new SeededRandom(1);
  for (let runs = 0; runs < FIELD_RUNS; runs += 1) {
    const best = bestOf();
    const message = best[index];
    const body = withoutFields(read(message), random);
    if (body.length < message.body.length) await attempt(best.with(index, { ...message, body }));
  }
}

async function shrinkBody(
  index: number,
  bestOf: () => Input,
  attempt: (candidate: Input) => Promise<boolean>,
): Promise<void> {
  const lengthNow = (): number => bestOf()[index].body.length;
  for (let size = 2 ** Math.ceil(Math.log2(lengthNow() + 1)); size >= 1; size >>= 1) {
    for (let at = lengthNow() - size; at >= 0; at -= size) {
      const best = bestOf();
      const { body } = best[index];
      const shorter = Uint8Array.from([...body.subarray(0, at), ...body.subarray(at + size)]);
      await attempt(best.with(index, { ...best[index], body: shorter }));
    }
  }
}
