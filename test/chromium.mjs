import { existsSync } from 'node:fs';
import { provideProgram } from './debian-package.mjs';

/**
 * Finds Chromium, by `CHROMIUM_BIN` or on the PATH, or installs the Debian package where that is possible.
 *
 * @returns {string | undefined} Its file; without one, the tests of pages are skipped
 * @throws {Error} If `CHROMIUM_BIN` names a file that does not exist
 */
export function provideChromium() {
  const given = process.env.CHROMIUM_BIN;
  if (given && !existsSync(given)) throw new Error(`CHROMIUM_BIN names ${given}, which does not exist.`);
  const found = given || provideProgram('chromium');
  if (!found) {
    console.log(
      'The tests of pages are SKIPPED, for there is no Chromium: apt-get install chromium, or name a Chrome by CHROMIUM_BIN.',
    );
  }
  return found;
}
