/**
 * Follows docs/guide/getting-started.md in an empty directory, to the letter: `nest new`, install, build, two processes, kill -9. Then
 * runs tests of DTOs, validation and clusters in that application, and the same walk with the application in one file.
 * Only the package is the given tarball, the version of Nest's tool is given, and ports are free ones. Run by `npm run test:pack`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '../support/nats-server';
import { shellLines, WalkThrough, writeFiles } from '../support/walk-through';

/** Sources of applications and their tests, as users write them. */
const USERS = join(__dirname, 'users');

async function main(tarball: string, cli: string): Promise<void> {
  const lines = shellLines();
  const build = lines.indexOf('npm run build');
  const folder = mkdtempSync(join(tmpdir(), 'pg-registry-getting-started-'));
  const server = await NatsServer.start();
  try {
    let directory = folder;
    for (const line of lines.slice(0, build)) {
      const [program, ...args] = line.replace(/ +#.*$/, '').split(' ');
      if (program === 'nats-server')
        continue; // runs already
      else if (program === 'cd') directory = join(directory, args[0]);
      else
        run(
          directory,
          program,
          args.map((arg) => substitute(arg, tarball, cli)),
        );
    }
    writeFiles(directory);
    run(directory, 'npm', ['run', 'build']);
    const steps = lines.slice(build + 1);
    await new WalkThrough([join(directory, 'dist', 'main')], server.url).follow(steps);
    if (!isEsm(directory)) await new WalkThrough([bundle(directory, folder)], server.url).follow(steps);
    runUsersTests(directory, server.url);
  } finally {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** This package is not published yet when it is tested. */
function substitute(arg: string, tarball: string, cli: string): string {
  if (arg === 'nestjs-pg-registry') return tarball;
  return arg === '@nestjs/cli' ? `${arg}@${cli}` : arg;
}

function isEsm(application: string): boolean {
  const { type } = JSON.parse(readFileSync(join(application, 'package.json'), 'utf8')) as { type?: string };
  return type === 'module';
}

/** Puts the application into one file with esbuild. What is external is what Nest itself may lack. @returns The file, in a folder without packages. */
function bundle(application: string, folder: string): string {
  const file = join(folder, 'bundle', 'main.cjs');
  const missing = ['@nestjs/microservices', '@nestjs/websockets', 'class-validator', 'class-transformer'];
  const external = missing.map((name) => `--external:${name}`);
  const options = ['--bundle', '--platform=node', '--keep-names', `--outfile=${file}`, ...external];
  run(application, 'npx', ['esbuild@0.25.12', 'dist/main.js', ...options]);
  return file;
}

/**
 * Runs the tests of `users/` in the application as `nest new` made it, under Jest or Vitest, with each web server. No optional peer is
 * installed but one NATS client: the other one than before, if it is a Nest 12 application.
 */
function runUsersTests(application: string, natsUrl: string): void {
  const esm = isEsm(application);
  const packages = ['class-validator', 'class-transformer', `@nestjs/platform-fastify@${esm ? 12 : 11}`];
  if (esm) run(application, 'npm', ['uninstall', 'nats']);
  run(application, 'npm', ['install', ...packages, ...(esm ? ['@nats-io/transport-node'] : [])]);
  // As the page about testing says.
  const mapper = String.raw`jest.moduleNameMapper={"^(\\.{1,2}/.*)\\.js$":"$1"}`;
  if (!esm) run(application, 'npm', ['pkg', 'set', '--json', mapper]);
  const source = join(application, 'src');
  for (const file of ['orders.ts', 'orders.spec.ts']) cpSync(join(USERS, file), join(source, file));
  for (const server of ['express', 'fastify']) {
    cpSync(join(USERS, `${server}.ts`), join(source, 'adapter.ts'));
    const runner = esm ? ['vitest', 'run'] : ['jest', '--detectOpenHandles'];
    run(application, 'npx', [...runner, 'src/orders.spec.ts'], { NATS_URL: natsUrl });
  }
}

function run(cwd: string, program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): void {
  // npx asks before it fetches a package that is not in its cache, and cancels if there is no terminal to ask on.
  const env = { ...process.env, ...more, npm_config_yes: 'true' };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}

main(process.argv[2], process.argv[3]).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
