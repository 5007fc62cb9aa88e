import { mkdirSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { Database, type DatabaseRow } from './database';

/** PGlite: PostgreSQL compiled to WebAssembly, inside this process, with its files in a directory. */
export class EmbeddedDatabase extends Database {
  readonly location: string;
  /** For the server that lets other processes of this machine in. */
  readonly instance: PGlite;

  private constructor(instance: PGlite, directory: string) {
    super();
    this.instance = instance;
    this.location = `PGlite in ${directory}`;
  }

  /** Opens the database in a directory, which is made if it does not exist. Only one process at a time may have it open. */
  static async open(directory: string): Promise<EmbeddedDatabase> {
    mkdirSync(directory, { recursive: true });
    // Here, because it takes a second that a node with a server of its own need not wait for.
    const { PGlite } = await import('@electric-sql/pglite');
    const instance = new PGlite(directory);
    await instance.waitReady;
    return new EmbeddedDatabase(instance, directory);
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<readonly DatabaseRow[]> {
    const { rows } = await this.instance.query<DatabaseRow>(sql, [...parameters]);
    return rows;
  }

  async close(): Promise<void> {
    await this.instance.close();
  }
}
