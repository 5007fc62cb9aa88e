import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Something that is built: `sources` is a folder and `built` the file that shows when, both from the repository's root. `script` builds it instead of
 * Nest's compiler.
 *
 * @typedef {object} Project
 * @property {string} name
 * @property {string} sources
 * @property {string} built
 * @property {string} [script]
 */

/** @type {Project} */
export const LIBRARY = {
  name: 'pg-registry',
  sources: 'libs/pg-registry/src',
  built: 'libs/pg-registry/dist/index.js',
};

/**
 * Installs the packages of the repository if it has none: in a fresh clone. Those that are there are left alone, whoever installed them.
 */
async function installPackages() {
  if (existsSync(join(root, 'node_modules'))) return;
  process.stderr.write('Installing packages with `npm ci`, because there are none.\n');
  // `npm run` names its own npm. A shell finds the one of the PATH, also on Windows, where it is a script.
  const { npm_execpath: npm } = process.env;
  const stdio = ['ignore', 2, 2];
  const installer =
    npm?.endsWith('npm-cli.js') === true
      ? spawn(process.execPath, [npm, 'ci', '--no-audit', '--no-fund'], { cwd: root, stdio })
      : spawn('npm ci --no-audit --no-fund', { cwd: root, stdio, shell: true });
  const [status] = await once(installer, 'exit');
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Installs packages if there are none, and builds the library and an application if their sources are newer than what was built. Says at once what it does,
 * and shows that it goes on, on stderr.
 *
 * @param {Project[]} projects In the order of their use: what comes after a rebuilt one is
 *   rebuilt, too. One with a script of its own is built by that, and depends on none.
 */
export async function buildWhatIsOlder(projects) {
  await installPackages();
  let rebuild = false;
  for (const project of projects) {
    if (project.script !== undefined) {
      if (existsSync(join(root, project.script)) && !isBuilt(project)) await build(project);
      continue;
    }
    rebuild ||= !isBuilt(project);
    if (rebuild) await build(project);
  }
}

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}

function isBuilt({ sources, built }) {
  const made = statSync(join(root, built), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return made > newest(join(root, sources));
}

async function build({ name, built, script }) {
  process.stderr.write(`Building ${name}, because its sources are newer: `);
  const progress = setInterval(() => process.stderr.write('.'), 500);
  const command =
    script === undefined
      ? [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build', name]
      : [join(root, script)];
  const builder = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 2, 2] }); // the compiler's output goes to stderr
  const [status] = await once(builder, 'exit');
  clearInterval(progress);
  process.stderr.write(status === 0 ? ' done\n' : ' failed\n');
  if (status === 0) return;
  // The compiler writes files even if there are errors. Without this, the next start would run them.
  rmSync(join(root, built), { force: true });
  process.exit(status ?? 1);
}
