import { constants } from 'node:os';
import { BenchError } from '../support/bench-error';

/** Ctrl-C, `kill`, and a terminal that closes. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const LOOK_MS = 1000;

/**
 * A signal that aborts when somebody wants this process to end, which it no longer does by itself: it has something to
 * remove first. npm passes on the Ctrl-C that the process has got from the terminal already, so each may come twice.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const end = (why: string, signal: (typeof SIGNALS)[number]): void =>
    controller.abort(new BenchError(`Ended by ${why}.`, 128 + constants.signals[signal]));
  for (const name of SIGNALS) process.on(name, () => end(name, name));
  // A SIGTERM to npm ends only the shell in between, which is the parent of this process.
  const parent = process.ppid;
  const look = (): void => {
    if (process.ppid !== parent) end('the end of npm', 'SIGTERM');
  };
  if (process.env['npm_lifecycle_event'] !== undefined) setInterval(look, LOOK_MS).unref();
  return controller.signal;
}
