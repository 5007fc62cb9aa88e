import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, pages } from '../support/code-blocks';
import { isEsm, run, USERS } from './user-application';

/** What Jest and Vitest say of what a test has left open. They pass nevertheless. */
const LEFT_OPEN = /open handle|did not exit|close timed out|something prevents/i;
const CLIENTS = ['nats', '@nats-io/transport-node'];
/** Its first block stands for './app.js' in the others. */
const APP = 'docs/guide/processes-and-names.md';
const OPTIONAL = ['@nestjs/microservices', '@opentelemetry/api', ...CLIENTS];

/**
 * Runs the tests of `users/` in the application as `nest new` made it, under Jest or Vitest: with one NATS client and no other optional
 * package, and each web server; then with all optional packages; then with none, which is what the application is left with. Without any, the
 * blocks of the guide have to compile, too.
 */
export function runUsersTests(application: string, natsUrl: string): void {
  const esm = isEsm(application);
  const major = esm ? 12 : 11;
  const test = (spec: string): void => runTests(application, natsUrl, spec);

  const schedule = `@nestjs/schedule@${esm ? 12 : 6}`;
  const packages = ['class-validator', 'class-transformer', `@nestjs/platform-fastify@${major}`, schedule];
  run(application, 'npm', ['install', ...packages]);
  // As the page about testing says.
  const mapper = String.raw`jest.moduleNameMapper={"^(\\.{1,2}/.*)\\.js$":"$1"}`;
  if (!esm) run(application, 'npm', ['pkg', 'set', '--json', mapper]);
  put(application, 'orders.ts');
  for (const server of ['express', 'fastify']) {
    put(application, `${server}.ts`, 'adapter.ts');
    test('orders.spec.ts');
  }

  run(application, 'npm', ['install', `@nestjs/microservices@${major}`, ...OPTIONAL.slice(1)]);
  test('peers-all.spec.ts');
  run(application, 'npm', ['uninstall', ...OPTIONAL]);
  test('peers-none.spec.ts');
  compileGuide(application);
}

function runTests(application: string, natsUrl: string, spec: string): void {
  put(application, spec);
  const runner = isEsm(application) ? ['vitest', 'run'] : ['jest', '--detectOpenHandles'];
  const said = run(application, 'npx', [...runner, `src/${spec}`], { NATS_URL: natsUrl });
  rmSync(join(application, 'src', spec));
  if (LEFT_OPEN.test(said)) throw new Error(`${runner[0]} ${spec} left something open:\n${said}`);
}

/** Compiles the blocks of the guide as the application's own sources, without those that say that they need an optional package. */
function compileGuide(application: string): void {
  const folder = join(application, 'src', 'guide');
  const needing = [...OPTIONAL, 'nestjs-pg-registry/microservice'].map((name) => `'${name}'`);
  const blocks = pages()
    .filter((page) => page.startsWith('docs/guide/'))
    .flatMap(blocksOf)
    .filter(({ language, file }) => language === 'ts' && file === undefined);
  const app = blocks.find(({ page }) => page === APP)!.code;
  for (const { page, line, code } of blocks) {
    if (needing.some((name) => code.includes(name))) continue;
    const place = join(folder, `${page.replaceAll(/\W+/g, '-')}-${line}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'app.ts'), app);
    writeFileSync(join(place, 'block.ts'), `${code}\nexport {};\n`);
  }
  run(application, 'npx', ['tsc', '-p', 'tsconfig.json', '--noEmit']);
  rmSync(folder, { recursive: true });
}

function put(application: string, file: string, as = file): void {
  cpSync(join(USERS, file), join(application, 'src', as));
}
