/**
 * `npm run test:pack`: packs the library as `npm publish` would, and uses the tarball as strangers do: `publint` and `attw`
 * judge it, and fresh applications install, compile and start it — CommonJS on Nest 11, ES modules on Nest 12, each first
 * without the optional peers. At last somebody follows the guide's first page in an empty directory, from `nest new` to
 * `kill -9`, with Nest's tool of version 11 (CommonJS, Jest) and with the newest one (ES modules, Vitest). Ends with the line `N passed, N failed`. Needs the npm registry and nats-server.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideNatsServer } from '../nats-server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const { devDependencies: pinned } = readJson(join(root, 'package.json'));
const { dependencies: nest12 } = readJson(join(root, 'compat', 'nest12', 'package.json'));

/** The versions that the repository's own tests use. */
const APPLICATIONS = [
  { title: 'Nest 11, CommonJS', type: 'commonjs', versions: pinned },
  { title: 'Nest 12, ES modules', type: 'module', versions: { ...pinned, ...nest12 } },
];
const NEEDED = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', 'typescript', '@types/node'];
const OPTIONAL = ['@nestjs/microservices', '@nestjs/platform-express', '@opentelemetry/api', 'nats'];
/** What `nest new` writes, and strict: `skipLibCheck`, which it sets, would hide what is missing in our declarations. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: false,
    rootDir: 'src',
    outDir: 'out',
  },
  include: ['src'],
};
const REQUIRED_FILES = ['README.md', 'CHANGELOG.md', 'LICENSE', 'package.json', ...pagesOfReadme()];
/** Nothing of the tests; and no source maps, which would lead to sources that are not there. */
const UNWANTED = /\.(spec|fixture)\.|\.map$/;

let passed = 0;
const failed = [];
const folder = mkdtempSync(join(tmpdir(), 'pg-registry-pack-'));
try {
  const tarball = pack();
  if (tarball !== undefined) {
    check('the tarball has what it should, and nothing else', () => checkFiles(tarball));
    check('publint', () => run(root, 'npx', 'publint', 'run', tarball, '--strict'));
    check('attw', () => run(root, 'npx', 'attw', tarball, '--no-color', '--format', 'ascii'));
    for (const application of APPLICATIONS) tryOut(application, tarball);
    for (const version of [pinned['@nestjs/cli'], 'latest']) {
      check(
        `getting started, to the letter, with @nestjs/cli ${version}: nest new, two processes, kill -9`,
        () => followTheGuide(tarball, version),
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (failed.length > 0) console.log(`Failed: ${failed.join('; ')}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;

function pack() {
  check('npm pack', () => run(root, 'npm', 'pack', '-w', 'nestjs-pg-registry', '--pack-destination', folder));
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'));
  return name && join(folder, name);
}

function checkFiles(tarball) {
  const files = run(folder, 'tar', '-tzf', tarball)
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''));
  const missing = [...REQUIRED_FILES, ...modules()].filter((file) => !files.includes(file));
  const unwanted = files.filter((file) => UNWANTED.test(file));
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  if (unwanted.length > 0) throw new Error(`unwanted: ${unwanted.join(', ')}`);
}

/** The pages that README.md leads to are packed with it. */
function pagesOfReadme() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return [...readme.matchAll(/\]\((docs\/[^)#]+)/g)].map(([, page]) => page);
}

/** What every source has to become. */
function modules() {
  return readdirSync(join(root, 'libs', 'pg-registry', 'src'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !UNWANTED.test(file))
    .flatMap((file) => ['.js', '.d.ts'].map((end) => `dist/${file.replace(/\.ts$/, end)}`));
}

/** Installs, compiles and starts an application of its own folder, without and with the optional peers. */
function tryOut({ title, type, versions }, tarball) {
  const application = join(folder, type);
  mkdirSync(join(application, 'src'), { recursive: true });
  const dependencies = { ...pick(versions, NEEDED), 'nestjs-pg-registry': `file:${tarball}` };
  writeJson(join(application, 'tsconfig.json'), TSCONFIG);

  writeJson(join(application, 'package.json'), { private: true, type, dependencies });
  check(`${title}: installs without the optional peers`, () => install(application));
  compileAndStart(title, application, 'main', ['Hello Ada', 'Hello node1, Hello node2']);

  Object.assign(dependencies, pick(versions, OPTIONAL));
  writeJson(join(application, 'package.json'), { private: true, type, dependencies });
  check(`${title}: installs with the optional peers`, () => install(application));
  compileAndStart(title, application, 'microservice', ['42', 'nats']);
}

function compileAndStart(title, application, name, expected) {
  cpSync(join(here, 'application', `${name}.ts`), join(application, 'src', `${name}.ts`));
  check(`${title}: ${name}.ts compiles, the declarations checked`, () =>
    run(application, 'npx', 'tsc', '-p', '.'),
  );
  check(`${title}: ${name}.ts runs`, () => {
    const lines = run(application, process.execPath, join('out', `${name}.js`))
      .trim()
      .split('\n');
    if (lines.join('\n') !== expected.join('\n')) throw new Error(`said:\n${lines.join('\n')}`);
  });
}

function followTheGuide(tarball, cli) {
  process.env.NATS_SERVER_BIN = provideNatsServer();
  run(
    root,
    process.execPath,
    '-r',
    './test/support/register.cjs',
    'test/pack/getting-started.ts',
    tarball,
    cli,
  );
}

function install(application) {
  return run(application, 'npm', 'install', '--no-audit', '--no-fund', '--strict-peer-deps');
}

function check(title, attempt) {
  try {
    attempt();
    passed += 1;
    console.log(`ok     ${title}`);
  } catch (error) {
    failed.push(title);
    console.log(`FAILED ${title}\n${error.message}`.replaceAll('\n', '\n  '));
  }
}

/** Runs a program, and answers what it said. */
function run(cwd, program, ...args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: 600_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return stdout;
  throw new Error(
    `${program} ${args.join(' ')}: ${error?.message ?? `status ${status}`}\n${stdout}${stderr}`,
  );
}

function pick(versions, names) {
  return Object.fromEntries(names.map((name) => [name, versions[name]]));
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function writeJson(file, content) {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
