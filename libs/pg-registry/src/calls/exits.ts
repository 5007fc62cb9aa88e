import type { Processes } from '../lifetime';
import { InvalidArgumentError, type Pid } from '../term';

/**
 * Ends a process of this node for somebody who knows its pid, here or on another node. One that has ended already is none of its concern.
 *
 * @throws InvalidArgumentError for a process that others must not end: nothing was ended.
 */
export function exitByPid(processes: Processes, pid: Pid, reason: unknown): void {
  const process = processes.get(pid);
  if (process === undefined) return;
  if (processes.isProtected(process)) {
    throw new InvalidArgumentError(
      `${String(pid)} must not be ended by its pid: it is the root process of its node, or belongs to a provider or to the library. ` +
        'It ends with its node. It lives on.',
    );
  }
  process.exit(reason);
}
