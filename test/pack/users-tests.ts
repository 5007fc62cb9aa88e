import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isEsm, run, USERS } from './user-application';

/** What Jest and Vitest say of what a test has left open. They pass nevertheless. */
const LEFT_OPEN = /open handle|did not exit|close timed out|something prevents/i;
const CLIENTS = ['nats', '@nats-io/transport-node'];
const OPTIONAL = ['@nestjs/microservices', '@opentelemetry/api', ...CLIENTS];

/**
 * Runs the tests of `users/` in the application as `nest new` made it, under Jest or Vitest: with one NATS client and no other optional
 * package (the other client than before, if it is a Nest 12 application) and each web server; then with all optional packages; then with none, which
 * is what the application is left with.
 */
export function runUsersTests(application: string, natsUrl: string): void {
  const esm = isEsm(application);
  const major = esm ? 12 : 11;
  const test = (spec: string): void => runTests(application, natsUrl, spec);

  if (esm) run(application, 'npm', ['uninstall', 'nats']);
  const packages = ['class-validator', 'class-transformer', `@nestjs/platform-fastify@${major}`];
  run(application, 'npm', ['install', ...packages, ...(esm ? ['@nats-io/transport-node'] : [])]);
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
}

function runTests(application: string, natsUrl: string, spec: string): void {
  put(application, spec);
  const runner = isEsm(application) ? ['vitest', 'run'] : ['jest', '--detectOpenHandles'];
  const said = run(application, 'npx', [...runner, `src/${spec}`], { NATS_URL: natsUrl });
  rmSync(join(application, 'src', spec));
  if (LEFT_OPEN.test(said)) throw new Error(`${runner[0]} ${spec} left something open:\n${said}`);
}

function put(application: string, file: string, as = file): void {
  cpSync(join(USERS, file), join(application, 'src', as));
}
