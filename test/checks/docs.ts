/**
 * `npm run check:docs`: what the pages say can be followed. Every TypeScript block of README.md and docs/ compiles under the strict
 * options of this repository and under those of `nest new`, as a CommonJS module (Nest 11) and as an ES module (Nest 12); every relative
 * link leads to a file and heading; every `npm run` of this repository exists; README.md and the guide's own list name every page of the
 * guide. A block may import './app.js', which stands for the first block of docs/guide/processes-and-names.md.
 * That the blocks also run, and print what they say, is tested by test/e2e/documents.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { blocksOf, type CodeBlock, pages, readPage, ROOT, slugOf } from '../support/code-blocks';

const FOLDER = join(ROOT, 'node_modules', '.cache', 'docs');
/** The kinds of modules that `nest new` makes: of Nest 11, and of Nest 12. */
const MODULE_TYPES = ['commonjs', 'module'] as const;
const APP = 'docs/guide/processes-and-names.md';
const ALSO = ['CONTRIBUTING.md', 'CHANGELOG.md', 'apps/collaboration/README.md'];
const GUIDE = 'docs/guide/README.md';
/** What a block may be written in; drawings have no language. */
const LANGUAGES = ['', 'text', 'json', 'js', 'ts', 'sh', 'conf', 'elixir'];
/** The commands that npm has without `run`. */
const OWN_COMMANDS = ['test', 'start'];

const blocks = pages().flatMap(blocksOf);
const complaints = [
  ...blocks
    .filter(({ language }) => !LANGUAGES.includes(language))
    .map(({ page, line, language }) => `${page}:${line}: no check for blocks of '${language}'.`),
  ...[...pages(), ...ALSO].flatMap((page) => [...brokenLinks(page), ...unknownScripts(page)]),
  ...['README.md', GUIDE].flatMap(unlistedPages),
  ...MODULE_TYPES.flatMap((type) =>
    compilerErrors(
      blocks.filter(({ language }) => language === 'ts'),
      type,
    ),
  ),
];
if (complaints.length > 0) console.error(complaints.join('\n'));
process.exitCode = complaints.length === 0 ? 0 : 1;

function compilerErrors(
  modules: readonly CodeBlock[],
  type: (typeof MODULE_TYPES)[number],
): readonly string[] {
  const root = join(FOLDER, type);
  rmSync(root, { recursive: true, force: true });
  const app = modules.find(({ page }) => page === APP)!.code;
  for (const block of modules) {
    // Named after page and line, so that a message of the compiler leads back to it.
    const folder = join(root, block.page.replaceAll(/\W+/g, '-'));
    write(join(folder, block.file ?? `line-${block.line}.ts`), `${block.code}\nexport {};\n`);
    write(join(folder, 'app.ts'), app);
  }
  write(join(root, 'package.json'), JSON.stringify({ type }));
  write(join(root, 'tsconfig.json'), JSON.stringify(tsconfig()));
  const compiler = join(ROOT, 'node_modules', 'typescript-7', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', root], { encoding: 'utf8' });
  return status === 0 ? [] : [stdout];
}

function tsconfig(): object {
  const source = join(ROOT, 'libs', 'pg-registry', 'src');
  return {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: true,
      // As `nest new` has it: it forbids what would compile otherwise, in signatures with decorators.
      isolatedModules: true,
      noUnusedLocals: false,
      rootDir: ROOT,
      types: ['node', 'jest'],
      typeRoots: [join(ROOT, 'node_modules', '@types')],
      paths: {
        // Files, because ES modules do not find the index of a folder.
        'nestjs-pg-registry': [join(source, 'index.ts')],
        'nestjs-pg-registry/testing': [join(source, 'testing', 'index.ts')],
        'nestjs-pg-registry/observer': [join(source, 'observer-page', 'index.ts')],
        'nestjs-pg-registry/microservice': [join(source, 'microservice', 'index.ts')],
      },
    },
    include: ['**/*.ts'],
    exclude: [],
  };
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function brokenLinks(page: string): readonly string[] {
  const text = readPage(page).replaceAll(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([, file, anchor]) => {
    const target = file === '' ? page : join(dirname(page), file);
    if (!existsSync(join(ROOT, target))) return [`${page}: there is no ${target}.`];
    if (anchor === undefined) return [];
    const headings = readPage(target).match(/^#+ .*$/gm) ?? [];
    return headings.map(slugOf).includes(anchor) ? [] : [`${page}: ${target} has no heading #${anchor}.`];
  });
}

function unlistedPages(list: string): readonly string[] {
  const text = readPage(list);
  return pages()
    .filter((page) => dirname(page) === dirname(GUIDE) && page !== GUIDE)
    .filter((page) => !text.includes(`(${list === GUIDE ? basename(page) : page})`))
    .map((page) => `${list}: does not list ${page}.`);
}

/** A page that makes an application of its own speaks of that application's scripts. */
function unknownScripts(page: string): readonly string[] {
  const text = readPage(page);
  if (text.includes('@nestjs/cli new')) return [];
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  return [...text.matchAll(/\bnpm (?:run )?([a-z]+(?:[:-][a-z]+)*)\b/g)]
    .filter(([whole, name]) => whole.startsWith('npm run ') || OWN_COMMANDS.includes(name))
    .filter(([, name]) => !Object.hasOwn(scripts, name))
    .map(([whole]) => `${page}: package.json has no script for '${whole}'.`);
}
