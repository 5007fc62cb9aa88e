/**
 * `npm run check:docs`: type-checks every TypeScript block of README.md and docs/, so that what readers paste compiles.
 * A block may import from './app', which stands for the first block of docs/guide/processes-and-names.md.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = join(root, 'node_modules', '.cache', 'docs');
const APP = 'docs/guide/processes-and-names.md';

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const names = pages().flatMap(writeBlocks);
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: true,
      noUnusedLocals: false,
      rootDir: root,
      types: ['node', 'jest'],
      typeRoots: [join(root, 'node_modules', '@types')],
      paths: {
        'nestjs-pg-registry': [join(root, 'libs/pg-registry/src')],
        'nestjs-pg-registry/testing': [join(root, 'libs/pg-registry/src/testing')],
        'nestjs-pg-registry/microservice': [join(root, 'libs/pg-registry/src/microservice')],
      },
    },
    include: ['*.ts'],
    exclude: [],
  }),
);
const compiler = join(root, 'node_modules', 'typescript-7', 'bin', 'tsc');
const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
console.log(status === 0 ? `${names.length} blocks compile.` : stdout);
process.exitCode = status === 0 ? 0 : 1;

function pages() {
  const docs = readdirSync(join(root, 'docs'), { recursive: true }).map((file) => join('docs', file));
  return ['README.md', ...docs.filter((file) => file.endsWith('.md')).toSorted()];
}

/** Each block becomes a module named after its page and line, so that a message of the compiler leads back to it. */
function writeBlocks(page) {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(({ 1: code, index }, block) => {
    const line = text.slice(0, index).split('\n').length;
    const name = page === APP && block === 0 ? 'app' : `${page.replace(/[^\w]+/g, '-')}-line-${line}`;
    writeFileSync(join(folder, `${name}.ts`), `${code}\nexport {};\n`);
    return relative(root, name);
  });
}
