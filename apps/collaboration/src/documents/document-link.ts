import { EntityService, type Pid, ProcessService } from 'nestjs-pg-registry';
import { DocumentSupervisor } from './document-supervisor';
import { MAX_DOCUMENT_BYTES } from './limits';
import type { Joined, Piece, Presence } from './messages';
import { Assembly, piecesOf } from './pieces';

const OPEN_TIMEOUT_MS = 3000;
const CALL_TIMEOUT_MS = 5000;

/** What a session learns when it has joined. */
export interface Welcome extends Omit<Joined, 'changes'> {
  readonly changes: Uint8Array;
}

/** A session's way to the present holder of its document. A new one is made after each loss. */
export class DocumentLink {
  /** The shared document. */
  readonly doc: Pid;
  /** The number of the join. */
  readonly stream: number;
  readonly #processes: ProcessService;
  readonly #session: Pid;

  private constructor(processes: ProcessService, session: Pid, doc: Pid, stream: number) {
    this.#processes = processes;
    this.#session = session;
    this.doc = doc;
    this.stream = stream;
  }

  /** Finds the holder of a document, or starts one where it belongs. */
  static async find(
    { entities, processes }: { readonly entities: EntityService; readonly processes: ProcessService },
    document: string,
    session: Pid,
    stream: number,
  ): Promise<DocumentLink> {
    const options = { timeoutMs: OPEN_TIMEOUT_MS };
    const doc = await entities.ref(DocumentSupervisor, document).call<Pid>('open', undefined, options);
    return new DocumentLink(processes, session, doc, stream);
  }

  /** Joins with what the client has. */
  async join(stateVector: Uint8Array): Promise<Welcome> {
    const { stream } = this;
    const joined = await this.#call<Joined>('join', { session: this.#session, stream, stateVector });
    const assembly = new Assembly(2 * MAX_DOCUMENT_BYTES);
    let changes = assembly.add(joined.changes);
    while (changes === undefined) {
      // oxlint-disable-next-line no-await-in-loop -- piece by piece, lest the whole wait in the mailbox
      changes = assembly.add(await this.#call<Piece>('read', this.#session));
    }
    return { ...joined, changes };
  }

  /** Resolves when the document has the update, with how many it has had then. */
  async write(update: Uint8Array): Promise<number> {
    let version = 0;
    for (const piece of piecesOf(update)) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      version = await this.#call<number>('write', { session: this.#session, ...piece });
    }
    return version;
  }

  async announce(presence: Presence): Promise<void> {
    await this.#call('announce', { session: this.#session, presence });
  }

  async #call<T>(name: string, payload: unknown): Promise<T> {
    return await this.#processes.call<T>(this.doc, name, payload, { timeoutMs: CALL_TIMEOUT_MS });
  }
}
