/**
 * Follows docs/guide/getting-started.md in an empty directory, to the letter: `nest new`, install, build, two processes, kill -9. Then
 * runs tests of DTOs, validation, clusters and optional packages in that application, and bundles of it.
 * Only the package is the given tarball, the version of Nest's tool is given, and ports are free ones. Run by `npm run test:pack`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '../support/nats-server';
import { shellLines, WalkThrough, writeFiles } from '../support/walk-through';
import { bundle, runBundles } from './bundles';
import { isEsm, run } from './user-application';
import { runUsersTests } from './users-tests';

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
    if (isEsm(directory)) {
      // From here on it has the other NATS client only.
      run(directory, 'npm', ['uninstall', 'nats']);
      run(directory, 'npm', ['install', '@nats-io/transport-node']);
      await new WalkThrough([join(directory, 'dist', 'main')], server.url).follow(steps);
    } else {
      await new WalkThrough([bundle(directory, folder)], server.url).follow(steps);
    }
    runUsersTests(directory, server.url);
    if (!isEsm(directory)) runBundles(directory, folder);
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

main(process.argv[2], process.argv[3]).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
