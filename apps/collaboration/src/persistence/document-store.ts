import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Database, type DatabaseRow } from './database';
import { SCHEMA } from './schema';

/** A newer holder of the document has written. The one that gets this error must stop. */
export class FencedError extends Error {
  constructor(document: string, token: number) {
    super(`Another node holds '${document}' with a token above ${token}. Nothing was written.`);
    this.name = 'FencedError';
  }
}

/** A batch of changes of a document, or the whole of it. */
export interface DocumentWrite {
  readonly document: string;
  /** The fencing token of the holder. A write with an older token than the stored one is refused. */
  readonly token: number;
  /** An update of Yjs. */
  readonly bytes: Uint8Array;
}

const RETRY_MS = 1000;

/**
 * The documents in PostgreSQL. Each statement compares the writer's token with the stored one under the lock of the document's row, so
 * a holder that was replaced cannot write, however late its statement arrives.
 */
@Injectable()
export class DocumentStore implements OnModuleInit, OnApplicationShutdown {
  readonly #database: Database;
  readonly #logger = new Logger(DocumentStore.name);
  #migration: Promise<void> | undefined;
  #isClosed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  get location(): string {
    return this.#database.location;
  }

  /** Migrates in the background: the application starts without its database, and opens documents when there is one. */
  onModuleInit(): void {
    void this.#migrateUntilDone();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#isClosed = true;
    await this.#database.close();
  }

  /**
   * Makes `token` the document's token, so that writes with an older one are refused from now on.
   *
   * @throws FencedError if the stored token is newer.
   */
  async open(document: string, token: number): Promise<void> {
    const opened = await this.#query(
      `INSERT INTO documents AS stored (name, token) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET token = $2 WHERE stored.token <= $2
       RETURNING token`,
      [document, token],
    );
    if (opened.length === 0) throw new FencedError(document, token);
  }

  /** Returns the last checkpoint and all later changes, in order. Call {@link open} first: after it no other holder adds to them. */
  async load(document: string): Promise<readonly Uint8Array[]> {
    const rows = await this.#query(
      `SELECT sequence, state AS bytes FROM document_checkpoints WHERE document = $1
       UNION ALL SELECT sequence, changes FROM document_changes WHERE document = $1
       ORDER BY sequence`,
      [document],
    );
    return rows.map(({ bytes }) => bytes as Uint8Array);
  }

  /**
   * Adds a batch of changes under the next sequence number. Yjs ignores what it has, so a batch may be saved again if the answer to the
   * first attempt was lost.
   *
   * @throws FencedError if the stored token is newer.
   */
  async save({ document, token, bytes }: DocumentWrite): Promise<void> {
    const saved = await this.#query(
      `WITH held AS (
         UPDATE documents SET token = $2, sequence = sequence + 1, changed_at = now()
         WHERE name = $1 AND token <= $2 RETURNING sequence
       )
       INSERT INTO document_changes (document, sequence, token, changes)
       SELECT $1, held.sequence, $2, $3 FROM held RETURNING sequence`,
      [document, token, bytes],
    );
    if (saved.length === 0) throw new FencedError(document, token);
  }

  /**
   * Replaces the last checkpoint and all changes by the whole document.
   *
   * @throws FencedError if the stored token is newer.
   */
  async checkpoint({ document, token, bytes }: DocumentWrite): Promise<void> {
    const saved = await this.#query(
      `WITH held AS (
         UPDATE documents SET token = $2, sequence = sequence + 1, changed_at = now()
         WHERE name = $1 AND token <= $2 RETURNING sequence
       ), replaced AS (
         DELETE FROM document_changes USING held
         WHERE document = $1 AND document_changes.sequence < held.sequence
       )
       INSERT INTO document_checkpoints (document, sequence, token, state)
       SELECT $1, held.sequence, $2, $3 FROM held
       ON CONFLICT (document) DO UPDATE
       SET sequence = excluded.sequence, token = excluded.token, state = excluded.state
       RETURNING sequence`,
      [document, token, bytes],
    );
    if (saved.length === 0) throw new FencedError(document, token);
  }

  /** Returns the names of the documents that were changed last. */
  async names(limit: number): Promise<readonly string[]> {
    const rows = await this.#query('SELECT name FROM documents ORDER BY changed_at DESC LIMIT $1', [limit]);
    return rows.map(({ name }) => name as string);
  }

  async #query(sql: string, parameters: readonly unknown[]): Promise<readonly DatabaseRow[]> {
    await this.#migrated();
    return await this.#database.query(sql, parameters);
  }

  /** Several nodes may do it at a time. A failed one is tried again with the next statement. */
  async #migrated(): Promise<void> {
    this.#migration ??= this.#migrate();
    try {
      await this.#migration;
    } catch (error) {
      this.#migration = undefined;
      throw error;
    }
  }

  async #migrate(): Promise<void> {
    for (const statement of SCHEMA) {
      // oxlint-disable-next-line no-await-in-loop -- each needs the one before
      await this.#database.query(statement);
    }
  }

  async #migrateUntilDone(): Promise<void> {
    for (let isFirst = true; !this.#isClosed; isFirst = false) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- until it succeeds
        return await this.#migrated();
      } catch (error) {
        const message = `The database is away (${this.location}): ${(error as Error).message}. No document can be opened.`;
        if (isFirst) this.#logger.warn(message);
        // oxlint-disable-next-line no-await-in-loop -- between attempts
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }
}
