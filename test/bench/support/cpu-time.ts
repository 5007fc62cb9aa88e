/**
 * Milliseconds of processor time that this Node.js process has used, on all its threads: what synchronous work is timed by.
 * On a machine that does nothing else it is the time that passes (helper threads of the garbage collector count in full, as
 * they take from somebody); on one that is shared, whoever else runs does not count. Its clock has microseconds.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
