/**
 * Milliseconds of a clock that all processes of this machine share and that nobody sets: Node.js reads CLOCK_MONOTONIC, which
 * counts from the start of the system. So a moment in one process can be taken from a moment in another.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
