/**
 * `npm run test:pack`: packs the library as `npm publish` would, and uses the tarball as strangers do. `publint` and `attw`
 * judge it. Fresh applications install, compile and start it, CommonJS on Nest 11 and ES modules on Nest 12, each first
 * without the optional peers; then other versions of Node.js run them. At last somebody follows the guide's first page in an empty
 * directory, from `nest new` to `kill -9`, with Nest's tool of version 11 (CommonJS, Jest) and with the newest one (ES modules, Vitest), and
 * goes on with tests and bundles of that application.
 * Ends with the line `N passed, N failed`. Needs the npm registry and nats-server.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideNatsServer } from '../nats-server.mjs';
import { otherNodes } from './node-versions.mjs';
import { run } from './process.mjs';
import { checkTarball } from './tarball.mjs';

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
/** What the programs of `application/` say. */
const PROGRAMS = { main: ['Hello Ada', 'Hello node1, Hello node2'], microservice: ['42', 'nats'] };
/** Tests of the repository with several processes and a real nats-server. */
const SMOKE = 'e2e/(cluster/calls|nest/applications|transport/nats-clients)\\.spec';
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
let passed = 0;
const failed = [];
const folder = mkdtempSync(join(tmpdir(), 'pg-registry-pack-'));
try {
  const tarball = pack();
  if (tarball !== undefined) {
    check('the tarball has what it should, and nothing else', () =>
      checkTarball(tarball, join(root, 'libs', 'pg-registry'), folder),
    );
    check('publint', () => run(root, 'npx', 'publint', 'run', tarball, '--strict'));
    check('attw', () => run(root, 'npx', 'attw', tarball, '--no-color', '--format', 'ascii'));
    for (const application of APPLICATIONS) tryOut(application, tarball);
    tryOutOnOtherNodes();
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

/** Installs, compiles and starts an application of its own folder, without and with the optional peers. */
function tryOut({ title, type, versions }, tarball) {
  const application = join(folder, type);
  mkdirSync(join(application, 'src'), { recursive: true });
  const dependencies = { ...pick(versions, NEEDED), 'nestjs-pg-registry': `file:${tarball}` };
  writeJson(join(application, 'tsconfig.json'), TSCONFIG);

  writeJson(join(application, 'package.json'), { private: true, type, dependencies });
  check(`${title}: installs without the optional peers`, () => install(application));
  compileAndStart(title, application, 'main');

  Object.assign(dependencies, pick(versions, OPTIONAL));
  writeJson(join(application, 'package.json'), { private: true, type, dependencies });
  check(`${title}: installs with the optional peers`, () => install(application));
  compileAndStart(title, application, 'microservice');
}

/** Runs what {@link tryOut} has compiled on other versions of Node.js, and on the newest of them tests with several processes, too. */
function tryOutOnOtherNodes() {
  const nodes = otherNodes(folder);
  for (const { asked, reason } of nodes.filter(({ binary }) => binary === undefined)) {
    console.log(`skipped Node.js ${asked}: its binary cannot be had here. ${reason}`);
  }
  const present = nodes.filter(({ binary }) => binary !== undefined);
  for (const { version, binary } of present) {
    check(`Node.js ${version}: the applications run`, () => {
      for (const { type } of APPLICATIONS) {
        for (const [name, expected] of Object.entries(PROGRAMS))
          start(join(folder, type), name, expected, binary);
      }
    });
  }
  const newest = present.at(-1);
  if (newest === undefined) return;
  check(`Node.js ${newest.version}: calls between processes over NATS, and between Nest applications`, () => {
    process.env.NATS_SERVER_BIN = provideNatsServer();
    const jest = join('node_modules', 'jest', 'bin', 'jest.js');
    run(root, newest.binary, jest, '--selectProjects=e2e', `--testPathPatterns=${SMOKE}`);
  });
}

function compileAndStart(title, application, name) {
  cpSync(join(here, 'application', `${name}.ts`), join(application, 'src', `${name}.ts`));
  check(`${title}: ${name}.ts compiles, the declarations checked`, () =>
    run(application, 'npx', 'tsc', '-p', '.'),
  );
  check(`${title}: ${name}.ts runs`, () => start(application, name, PROGRAMS[name], process.execPath));
}

function start(application, name, expected, node) {
  const said = run(application, node, join('out', `${name}.js`)).trim();
  if (said !== expected.join('\n')) throw new Error(`${name}.js said:\n${said}`);
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

function pick(versions, names) {
  return Object.fromEntries(names.map((name) => [name, versions[name]]));
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function writeJson(file, content) {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
