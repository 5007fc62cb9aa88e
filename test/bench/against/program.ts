import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { guardAgainstOrphan } from '../../support/orphan-guard';
import { BenchError } from '../support/bench-error';

/** How much of what a failed program wrote is shown. */
const SHOWN_LINES = 20;

/** Where a program runs, and what ends it early. */
export interface ProgramOptions {
  readonly cwd: string;
  /** Beside the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Kills the program and all it has started. */
  readonly signal: AbortSignal;
}

/**
 * Runs a program, and resolves with what it wrote to stdout. When it ends, or this process does, everything that it has
 * started ends too: what is left of one run must not burden the next.
 *
 * @throws BenchError if it cannot be started or fails, with its last lines; the reason of the signal if that aborts.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  { cwd, env = {}, signal }: ProgramOptions,
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The head of a process group of its own, which can be killed as a whole.
    detached: true,
  });
  let written = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const { pid } = child;
  const unguard = pid === undefined ? undefined : guardAgainstOrphan(-pid);
  const killGroup = (): void => killAll(pid);
  signal.addEventListener('abort', killGroup);
  child.once('exit', killGroup);
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    if (code === 0) return written;
    throw new BenchError(
      `${[file, ...args].join(' ')} ended with ${killedBy ?? `status ${code}`}:\n${lastLines(output)}`,
    );
  } catch (error) {
    if (pid !== undefined) throw error;
    throw new BenchError(`${file} cannot be started: ${(error as Error).message}`);
  } finally {
    unguard?.();
    signal.removeEventListener('abort', killGroup);
  }
}

/** Kills what is left of a process group. */
function killAll(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n').slice(-SHOWN_LINES);
  return lines.map((line) => `  ${line}`).join('\n');
}
