import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian and others put servers; the PATH of an ordinary user often lacks them. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];

/**
 * Finds a program on the PATH, or installs the Debian package of its name where that is possible.
 *
 * @param {string} name Of the program and the package
 * @returns {string | undefined} Its file
 */
export function provideProgram(name) {
  return providePackage(name, () => find(name));
}

/**
 * Finds what a Debian package brings, or installs it where that is possible.
 *
 * @param {string} name Of the package
 * @param {() => string | undefined} lookFor Returns the file or folder that the package brings, if it is there
 * @returns {string | undefined} What `lookFor` returned last
 */
export function providePackage(name, lookFor) {
  const found = lookFor();
  if (found || process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return found;
  console.log(`No ${name}: installing the Debian package.`);
  aptGet('update', '-qq');
  aptGet('install', '-y', '-qq', '--no-install-recommends', name);
  return lookFor();
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}

function find(name) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find((file) => existsSync(file));
}
