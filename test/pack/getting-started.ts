/**
 * Follows docs/guide/getting-started.md in an empty directory, to the letter: `nest new`, install, build, two processes, kill -9.
 * Only the package is the given tarball, the version of Nest's tool is given, and ports are free ones. Run by `npm run test:pack`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '../support/nats-server';
import { shellLines, WalkThrough, writeFiles } from '../support/walk-through';

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
    await new WalkThrough([join(directory, 'dist', 'main')], server.url).follow(lines.slice(build + 1));
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

function run(cwd: string, program: string, args: readonly string[]): void {
  // npx asks before it fetches a package that is not in its cache, and cancels if there is no terminal to ask on.
  const env = { ...process.env, npm_config_yes: 'true' };
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
