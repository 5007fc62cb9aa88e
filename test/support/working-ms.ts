import { availableParallelism, loadavg } from 'node:os';
import { WorkingTime } from './working-time.cjs';

/** Returns a duration, less what a machine that is busy with other work adds to it. */
export function workingMs(ms: number): number {
  const time = new WorkingTime(availableParallelism());
  time.add(ms, loadavg()[0] ?? 0);
  return time.ms;
}
