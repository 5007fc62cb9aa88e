/**
 * The command `nestjs-pg-registry`: what `npx nestjs-pg-registry` runs. This file is run, not imported.
 */
import { runCommand } from './command';
import type { Terminal } from './output';
import { openSession } from './open-session';

/** After Ctrl-C the last words have so much time. The process has left within 200 ms, so the rest is for its end, on a busy machine, too. */
const LEAVE_MS = 120;

const { stdout, stderr, env } = process;
const isTerminal = stdout.isTTY;
const terminal: Terminal = {
  write: (text) => void stdout.write(text),
  writeError: (text) => void stderr.write(text),
  isTerminal,
  width: isTerminal ? stdout.columns : Infinity,
  hasColour: isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
};

const leaving = new AbortController();
const leave = (): void => {
  leaving.abort();
  setTimeout(() => process.exit(), LEAVE_MS).unref();
};
process.on('SIGINT', leave);
process.on('SIGTERM', leave);
// Somebody closed the pipe: `nestjs-pg-registry keys big | head`.
stdout.on('error', () => process.exit(0));

/** Never rejects. */
async function main(): Promise<void> {
  process.exitCode = await runCommand(process.argv.slice(2), {
    terminal,
    env,
    open: openSession,
    signal: leaving.signal,
  });
}

void main();
