import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { UserError } from './user-error';

const START_TIMEOUT_MS = 10_000;

/** A nats-server that the application has started, on a free port of this machine. */
export interface OwnServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts the `nats-server` found by `NATS_SERVER_BIN` or on the PATH, with JetStream: it keeps who holds which document.
 *
 * @param directory Where JetStream keeps its files.
 * @throws UserError if there is none, or if it is not ready within 10 seconds.
 */
export async function startNatsServer(directory: string): Promise<OwnServer> {
  const binary = process.env['NATS_SERVER_BIN'] ?? 'nats-server';
  // Port -1 lets the server choose a free one, which it then prints.
  const args = ['--addr', '127.0.0.1', '--port', '-1', '--jetstream', '--store_dir', directory];
  const server = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const port = await printedPort(server, binary);
    return { url: `nats://127.0.0.1:${port}`, stop: () => stop(server) };
  } catch (error) {
    await stop(server);
    throw error;
  }
}

async function printedPort(server: ChildProcess, binary: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new UserError(`Cannot start '${binary}': ${reason}.`));
    const timer = setTimeout(() => fail(`not ready after ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    server.once('error', () =>
      fail(
        'not found. Install it (Debian: apt-get install nats-server), set NATS_SERVER_BIN, or give a URL: --nats URL',
      ),
    );
    server.once('exit', (code) => fail(`it ended with status ${code}`));
    let port: string | undefined;
    createInterface({ input: server.stderr! }).on('line', (line) => {
      port = /Listening for client connections on [^ ]*:(\d+)/.exec(line)?.[1] ?? port;
      if (port === undefined || !line.includes('Server is ready')) return;
      clearTimeout(timer);
      resolve(port);
    });
  });
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}
