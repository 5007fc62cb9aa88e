import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { openSession, runCommand } from '../../../libs/pg-registry/src/command';

const ROOT = join(__dirname, '..', '..', '..');
const REGISTER = join(ROOT, 'test/support/register.cjs');
const MAIN = join(ROOT, 'libs/pg-registry/src/command/main.ts');

/** What became of one run of the command. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run the command. */
export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** In a pseudo-terminal of this width, by `script` of util-linux: standard error is part of the output then. */
  readonly columns?: number;
  /** Called with all output so far; the command gets SIGINT when it returns true. */
  readonly interruptWhen?: (output: string) => boolean;
}

/** A run that was interrupted says how long it took to leave. */
export interface InterruptedResult extends CommandResult {
  readonly leftAfterMs: number;
}

/**
 * Runs the command in this process: all of it but `main.ts`, which has the process's signals, streams and exit status. Takes a tenth of the
 * time of a process of its own.
 */
export async function runHere(
  args: readonly string[],
  { env = {} }: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  let [stdout, stderr] = ['', ''];
  const status = await runCommand(args, {
    terminal: {
      write: (text) => void (stdout += text),
      writeError: (text) => void (stderr += text),
      isTerminal: false,
      width: Infinity,
      hasColour: false,
    },
    env,
    open: openSession,
    signal: new AbortController().signal,
  });
  return { status, stdout, stderr };
}

/** Runs the command of the sources in a process of its own, as users do. */
export function runInProcess(
  args: readonly string[],
  { env = {}, columns, interruptWhen }: CommandOptions = {},
): Promise<InterruptedResult> {
  const direct = [process.execPath, '-r', REGISTER, MAIN, ...args];
  const quoted = direct.map((arg) => `'${arg.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const [program, ...rest] =
    columns === undefined
      ? direct
      : ['script', '-qec', `stty cols ${columns} rows 40; exec ${quoted}`, '/dev/null'];
  const child = spawn(program, rest, {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '', TERM: 'xterm', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr, interruptedAt] = ['', '', 0];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (interruptedAt > 0 || interruptWhen?.(stdout) !== true) return;
    interruptedAt = performance.now();
    child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.once('close', (status) =>
      resolve({ status, stdout, stderr, leftAfterMs: performance.now() - interruptedAt }),
    );
  });
}

/** The objects of a run with `--json`: one for each line. */
export function objectsOf({ stdout }: CommandResult): readonly Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
