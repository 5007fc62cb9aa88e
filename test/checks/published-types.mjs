/**
 * `npm run check:published-types`: what must compile and what must not (test/types) holds for the declarations that are published, too.
 * They differ from the sources: what is marked as internal is missing there, a class can become an empty type that accepts
 * everything, and the bundle could have a class twice.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'dist', 'published-types');

execFileSync(process.execPath, [join(root, 'libs', 'pg-registry', 'bundle.mjs'), folder], {
  stdio: 'inherit',
});
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
      rootDir: root,
      paths: {
        'nestjs-pg-registry': ['./index.d.ts'],
        'nestjs-pg-registry/microservice': ['./microservice/index.d.ts'],
        'nestjs-pg-registry/testing': ['./testing/index.d.ts'],
        'nestjs-pg-registry/observer': ['./observer-page/index.d.ts'],
      },
    },
    include: [join(root, 'test', 'types')],
    exclude: [],
  }),
);
tsc('-p', folder);

function tsc(...args) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'typescript-7', 'bin', 'tsc'), ...args],
    { cwd: root, encoding: 'utf8' },
  );
  if (status === 0) return;
  console.error(stdout + stderr);
  process.exit(1);
}
