import { readFileSync } from 'node:fs';

/** The processor time of this thread in ms. Elsewhere than on Linux: that of the whole process, its collector of garbage included. */
export function threadMs(): number {
  if (process.platform !== 'linux') {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
  return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ', 1)[0]) / 1e6;
}
