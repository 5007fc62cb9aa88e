/**
 * How much a reference may stand for. Property names and the homes of pids are written once in a frame and then referred to by index. What
 * reads a frame may copy or hash the names again for each reference: a frame of long names and nothing but references to them would cost a
 * thousand times its bytes.
 */
const MOST_TIMES = 32;

/** The fewest bytes of a reference to the home of a pid: tag, index, id. */
const PID_BYTES = 3;

/**
 * How often a shape may be referred to after it was written; a Writer then writes its names again. Unlimited for names of ordinary length.
 *
 * @param headBytes What its names took where they were written, with tag and count.
 * @param names How many names it has: a reference takes a byte, and each name's value one at least.
 */
export function mostReferencesToShape(headBytes: number, names: number): number {
  return headBytes <= MOST_TIMES * (names + 1) ? Infinity : MOST_TIMES;
}

/** The same for the home of a pid. @param headBytes What it took where it was written, with the tag. */
export function mostReferencesToHome(headBytes: number): number {
  return headBytes <= MOST_TIMES * PID_BYTES ? Infinity : MOST_TIMES;
}
