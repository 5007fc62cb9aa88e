/**
 * `npm run check:lockfiles`: every package of every lock file has a checksum, so that nobody can put another one in its place. npm
 * writes none for packages of other platforms if it takes the lock file from `node_modules`: delete those entries from the lock file,
 * and let `npm install --package-lock-only` write them anew in a directory without `node_modules`. And npm tells of known faults of
 * packages when it installs them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const compat = join(root, 'compat');
const files = [root, ...readdirSync(compat).map((name) => join(compat, name))]
  .map((folder) => join(folder, 'package-lock.json'))
  .filter((file) => existsSync(file));

for (const file of files) {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  const unchecked = Object.entries(packages)
    .filter(([path, { link, integrity }]) => path.includes('node_modules/') && !link && !integrity)
    .map(([path]) => path);
  if (unchecked.length === 0) continue;
  console.error(`${relative(root, file)} has no integrity for ${unchecked.length}: ${unchecked.join(', ')}`);
  process.exitCode = 1;
}

if (/^audit *= *false/m.test(readFileSync(join(root, '.npmrc'), 'utf8'))) {
  console.error('.npmrc turns the audit of packages off.');
  process.exitCode = 1;
}
