import { PostgresServer } from './postgres-server';

/** Starts a PostgreSQL server; undefined where none is installed: PGlite stands for it then. `npm test` installs it if it is allowed to. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  if (PostgresServer.programs() !== undefined) return await PostgresServer.start();
  process.stderr.write('PostgreSQL is not installed, so PGlite stands for it: apt-get install postgresql.\n');
  return undefined;
}

/** Like `describe`, for what needs a PostgreSQL server: skipped where none is installed, and the output says so. */
export function describeWithPostgres(title: string, tests: () => void): void {
  const isInstalled = PostgresServer.programs() !== undefined;
  if (!isInstalled) process.stderr.write(`SKIPPED, for there is no PostgreSQL: ${title}\n`);
  (isInstalled ? describe : describe.skip)(title, tests);
}

/** The environment of an application that uses the server. */
export function databaseOf(server: PostgresServer | undefined): NodeJS.ProcessEnv {
  return server === undefined ? {} : { DATABASE_URL: server.url };
}
