import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { providePackage } from './debian-package.mjs';

/** Where Debian puts the programs of each version. The PATH lacks them. */
const VERSIONS = '/usr/lib/postgresql';

/**
 * Finds PostgreSQL's programs, by `POSTGRES_BIN` or where Debian puts them, or installs the Debian package where that is possible.
 *
 * @returns {string | undefined} Their folder; without it, the tests that need a PostgreSQL server are skipped
 * @throws {Error} If `POSTGRES_BIN` names a folder without them
 */
export function providePostgres() {
  const given = process.env.POSTGRES_BIN;
  if (given && !hasPrograms(given)) throw new Error(`POSTGRES_BIN names ${given}, which has no initdb.`);
  // The package starts a server of its own where there is an init system; tests use none but theirs.
  const found = given || providePackage('postgresql', installed);
  if (!found) {
    console.log(
      'The tests of a PostgreSQL server are SKIPPED, for there is none: apt-get install postgresql, or name the folder of its programs by POSTGRES_BIN.',
    );
  }
  return found;
}

function installed() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  return versions.map((version) => join(VERSIONS, version, 'bin')).findLast(hasPrograms);
}

function hasPrograms(folder) {
  return existsSync(join(folder, 'initdb'));
}
