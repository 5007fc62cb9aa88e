/**
 * The command `nestjs-pg-registry`: what `npx nestjs-pg-registry` runs. This file is run, not imported.
 */
import { runCommand } from './command';
import type { Terminal } from './output';
import { openSession } from './open-session';

/** How long the command may say goodbye after Ctrl-C, in milliseconds. It promises to leave within 200 ms; the rest is for the end of the process on a busy machine. */
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
