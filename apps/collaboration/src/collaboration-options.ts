import { SAVE_OPTIONS, type SaveOptions } from './persistence/save-schedule';

/** What one node of the application is told. */
export class CollaborationOptions {
  /** The name of the node. */
  readonly node: string;
  /** What a browser must send as `token`; undefined: nothing. */
  readonly accessToken: string | undefined;
  /** Whether browsers may kill the holder of a document. */
  readonly isDemonstration: boolean;
  /** Ends this operating-system process at once; undefined: it has other nodes, so that only the document's processes are killed. */
  readonly killNode: (() => void) | undefined;
  readonly saves: SaveOptions;
  /**
   * What comes before the tokens of the leases in the database. A store of leases that begins anew gives low tokens again, so the number
   * is higher with each start of one.
   */
  readonly tokenBase: number;
  /** How long a document without sessions stays, in milliseconds. */
  readonly idleMs: number;

  constructor(given: Partial<CollaborationOptions> & { readonly node: string }) {
    this.node = given.node;
    this.accessToken = given.accessToken;
    this.isDemonstration = given.isDemonstration ?? false;
    this.killNode = given.killNode;
    this.saves = given.saves ?? SAVE_OPTIONS;
    this.tokenBase = given.tokenBase ?? 0;
    this.idleMs = given.idleMs ?? 5000;
  }
}
