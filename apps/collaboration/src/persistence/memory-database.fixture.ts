import { Database, type DatabaseRow } from './database';

interface StoredDocument {
  token: number;
  /** The checkpoint first, if there is one. */
  changes: Uint8Array[];
}

/** A database for tests of what uses it: understands the statements of the store, and can be made to stand still or to be away. */
export class MemoryDatabase extends Database {
  readonly location = 'memory';
  /** How many batches of changes were saved. */
  saves = 0;
  /** How many were to be saved, also those that stand still. */
  attempts = 0;
  /** While it is away every statement fails. */
  isAway = false;
  readonly #documents = new Map<string, StoredDocument>();
  #standstill: Promise<void> | undefined;

  /** Lets every save wait for good, until the returned function is called. */
  standStill(): () => void {
    let goOn!: () => void;
    this.#standstill = new Promise((resolve) => (goOn = resolve));
    return goOn;
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<readonly DatabaseRow[]> {
    if (this.isAway) throw new Error('connect ECONNREFUSED');
    const [name, token, bytes] = parameters as [string, number, Uint8Array];
    if (sql.startsWith('INSERT INTO documents')) return this.#open(name, token);
    if (sql.startsWith('SELECT sequence'))
      return this.#documents.get(name)!.changes.map((each) => ({ bytes: each }));
    if (sql.startsWith('SELECT name')) return [...this.#documents.keys()].map((each) => ({ name: each }));
    if (!sql.startsWith('WITH held')) return [];
    this.attempts += 1;
    await this.#standstill;
    const document = this.#documents.get(name)!;
    if (document.token > token) return [];
    document.changes = sql.includes('document_checkpoints') ? [bytes] : [...document.changes, bytes];
    this.saves += 1;
    return [{ sequence: this.saves }];
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }

  #open(name: string, token: number): readonly DatabaseRow[] {
    const document = this.#documents.get(name) ?? { token, changes: [] };
    if (document.token > token) return [];
    this.#documents.set(name, document);
    document.token = token;
    return [{ token }];
  }
}
