import { PostgresServer } from './postgres-server';

/** Starts a PostgreSQL server; undefined, with a warning, where none is installed: PGlite stands for it then. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  if (PostgresServer.programs() !== undefined) return await PostgresServer.start();
  console.warn('PostgreSQL is not installed, so PGlite stands for it: apt-get install postgresql.');
  return undefined;
}

/** The environment of an application that uses the server. */
export function databaseOf(server: PostgresServer | undefined): NodeJS.ProcessEnv {
  return server === undefined ? {} : { DATABASE_URL: server.url };
}
