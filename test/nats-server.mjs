import { existsSync } from 'node:fs';
import { provideProgram } from './debian-package.mjs';

/**
 * Finds `nats-server`, by `NATS_SERVER_BIN` or on the PATH, or installs the Debian package where that is possible.
 *
 * @returns {string} Its file
 * @throws {Error} Saying in one line what to install
 */
export function provideNatsServer() {
  const given = process.env.NATS_SERVER_BIN;
  if (given && !existsSync(given)) throw new Error(`NATS_SERVER_BIN names ${given}, which does not exist.`);
  // The package starts a server of its own where there is an init system; tests use none but theirs.
  const found = given || provideProgram('nats-server');
  if (found) return found;
  throw new Error(
    'The tests need nats-server: apt-get install nats-server (or brew install nats-server), or name it by NATS_SERVER_BIN.',
  );
}
