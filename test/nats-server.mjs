import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian and others put servers; the PATH of an ordinary user often lacks them. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];

/**
 * Finds `nats-server`, by `NATS_SERVER_BIN` or on the PATH, or installs the Debian package where that is possible.
 *
 * @returns {string} Its file
 * @throws {Error} Saying in one line what to install
 */
export function provideNatsServer() {
  const given = process.env.NATS_SERVER_BIN;
  if (given && !existsSync(given)) throw new Error(`NATS_SERVER_BIN names ${given}, which does not exist.`);
  const found = given || find();
  if (found) return found;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    console.log('No nats-server: installing the Debian package.');
    aptGet('update', '-qq');
    aptGet('install', '-y', '-qq', '--no-install-recommends', 'nats-server');
    // The package starts a server of its own where there is an init system; tests use none but theirs.
    const installed = find();
    if (installed) return installed;
  }
  throw new Error(
    'The tests need nats-server: apt-get install nats-server (or brew install nats-server), or name it by NATS_SERVER_BIN.',
  );
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}

function find() {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_DIRECTORIES];
  return directories.map((directory) => join(directory, 'nats-server')).find((file) => existsSync(file));
}
