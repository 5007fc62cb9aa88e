/**
 * `npm start`: builds the library and the demo if their sources are newer than what was built, then runs the demo. Says at once what it
 * does, and shows that it goes on, on stderr: with `--json` stdout is for the result.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

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

let rebuild = false;
for (const { name, ...paths } of projects) {
  // A rebuilt library needs a rebuilt demo.
  rebuild ||= !isBuilt(paths);
  if (rebuild) await build(name, paths);
}
// In this process, so that signals reach the demo and `--json` has stdout for itself.
await import(pathToFileURL(join(root, 'dist/apps/demo/main.js')));

async function build(name, { built }) {
  process.stderr.write(`Building ${name}, because its sources are newer: `);
  const progress = setInterval(() => process.stderr.write('.'), 500);
  const nest = spawn(
    process.execPath,
    [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build', name],
    { cwd: root, stdio: ['ignore', 2, 2] }, // the compiler's output goes to stderr
  );
  const [status] = await once(nest, 'exit');
  clearInterval(progress);
  process.stderr.write(status === 0 ? ' done\n' : ' failed\n');
  if (status === 0) return;
  // The compiler writes files even if there are errors. Without this, the next start would run them.
  rmSync(join(root, built), { force: true });
  process.exit(status ?? 1);
}
