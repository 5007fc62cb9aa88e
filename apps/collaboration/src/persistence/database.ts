/** A row of an answer, by the names of its columns. */
export type DatabaseRow = Readonly<Record<string, unknown>>;

/** What the application asks of PostgreSQL. Implemented for a server (`pg`) and for PGlite, PostgreSQL inside this process. */
export abstract class Database {
  /** Where the data are, in words for people. */
  abstract readonly location: string;

  /**
   * Runs one statement, by itself a transaction.
   *
   * @throws What the database says, or that it is away. An error of the connection leaves open whether the statement was executed.
   */
  abstract query(sql: string, parameters?: readonly unknown[]): Promise<readonly DatabaseRow[]>;

  abstract close(): Promise<void>;
}
