/** `npm start`: builds the library and the demo if their sources are newer than what was built, then runs the demo. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const projects = [
  { name: 'pg-registry', sources: 'libs/pg-registry/src', built: 'libs/pg-registry/dist/index.js' },
  { name: 'demo', sources: 'apps/demo/src', built: 'dist/apps/demo/main.js' },
];

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}

function isBuilt({ sources, built }) {
  const made = statSync(join(root, built), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return made > newest(join(root, sources));
}

function run(args, stdio) {
  return spawnSync(process.execPath, args, { cwd: root, stdio }).status ?? 1;
}

let rebuild = false;
for (const project of projects) {
  // What depends on a rebuilt library is built again too.
  rebuild ||= !isBuilt(project);
  if (!rebuild) continue;
  // The compiler's words go to stderr: stdout belongs to the demo (`--json`).
  const status = run(
    [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build', project.name],
    ['ignore', 2, 2],
  );
  if (status !== 0) process.exit(status);
}
process.exit(
  spawnSync(process.execPath, [join(root, 'dist/apps/demo/main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  }).status ?? 1,
);
