import { spawn } from 'node:child_process';

/**
 * Makes a child process die with this one, however this one ends. Jest hides the real `process` from tests, so no exit hook
 * of a test would run; but the pipe to a shell that waits for its end is closed by the kernel, even after `kill -9`.
 *
 * @returns What ends the guard; call it before the child ends, lest its number be somebody else's by then.
 */
export function guardAgainstOrphan(pid: number): () => void {
  const guard = spawn('sh', ['-c', 'read _; kill -9 "$1" 2>/dev/null', 'orphan-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  return () => void guard.kill('SIGKILL');
}
