import { Pool } from 'pg';
import { LimitedLog } from '../limited-log';
import { Database, type DatabaseRow } from './database';

/** A database that does not answer for so long counts as away. */
const TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 4;

/** A PostgreSQL server. */
export class PostgresDatabase extends Database {
  readonly location: string;
  readonly #pool: Pool;

  /** @param url As in `DATABASE_URL`: `postgresql://user:password@host:port/database`. */
  constructor(url: string) {
    super();
    const { host, pathname } = new URL(url);
    this.location = `PostgreSQL at ${host}${pathname}`;
    this.#pool = new Pool({
      connectionString: url,
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      keepAlive: true,
    });
    const log = new LimitedLog();
    // The pool makes another connection for the next statement. A database that comes and goes breaks all of them each time.
    this.#pool.on('error', (error) =>
      log.warn(PostgresDatabase.name, `A connection to the database was lost: ${error.message}`),
    );
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<readonly DatabaseRow[]> {
    const { rows } = await this.#pool.query<DatabaseRow>(sql, parameters.map(asParameter));
    return rows;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** `pg` knows bytes as Buffers only. */
function asParameter(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
