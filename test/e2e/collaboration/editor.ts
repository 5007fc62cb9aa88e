import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { decodeStateVector, Doc, type Text } from 'yjs';
import { eventually } from '../../support/eventually';

/** What the server says of itself in awareness. */
export interface ServerState {
  readonly node: string;
  readonly holder: string | null;
  readonly saved: boolean;
  readonly problem: string | null;
}

const SERVER_CLIENT = 1;
/** A thousand documents may be opened by one busy process, through which one of the nodes reaches its broker, too. */
const SYNCED_MS = 120_000;

/** y-websocket's own client, unchanged, with a text that it edits. */
export class Editor {
  readonly doc = new Doc();
  readonly text: Text = this.doc.getText('text');
  readonly provider: WebsocketProvider;
  /** How far the server has said that it has saved this client's changes. */
  #savedClock = 0;
  #writer: NodeJS.Timeout | undefined;
  #written = 0;
  /** The longest time from a lost connection to the next one, in milliseconds. */
  longestGapMs = 0;
  #lostAt: number | undefined;
  /** The code and the reason of the last close. */
  closed: { readonly code: number; readonly reason: string } | undefined;

  /** @param url The address of a node or of the balancer. */
  constructor(url: string, document: string, name: string, params: Record<string, string> = {}) {
    // Each client of y-websocket listens to the end of the process until it is destroyed, and a test has many.
    process.setMaxListeners(process.getMaxListeners() + 1);
    const server = `${url.replace(/^http/, 'ws')}collaboration`;
    this.provider = new WebsocketProvider(server, encodeURIComponent(document), this.doc, {
      // The types of ws and of browsers differ in what nobody uses here.
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      disableBc: true,
      params,
    });
    this.provider.awareness.setLocalStateField('user', { name, color: '#30bced' });
    this.#watchSaves();
    this.provider.on('connection-close', (event) => {
      if (event !== null) this.closed = { code: event.code, reason: event.reason };
      this.#lostAt ??= performance.now();
    });
    this.provider.on('status', ({ status }) => {
      if (status !== 'connected' || this.#lostAt === undefined) return;
      this.longestGapMs = Math.max(this.longestGapMs, performance.now() - this.#lostAt);
      this.#lostAt = undefined;
    });
  }

  get server(): ServerState | undefined {
    return (this.provider.awareness.getStates().get(SERVER_CLIENT) as { server: ServerState } | undefined)
      ?.server;
  }

  /** The names of those who are present, also this one's own. */
  get names(): readonly string[] {
    return [...this.provider.awareness.getStates().values()]
      .map((state) => (state['user'] as { name: string } | undefined)?.name)
      .filter((name) => name !== undefined)
      .toSorted();
  }

  /** Whether everything that this client has written is saved, by what the protocol says. */
  get isSaved(): boolean {
    return this.#savedClock >= this.#ownClock;
  }

  get #ownClock(): number {
    return (
      this.doc.store.clients.get(this.doc.clientID)?.reduce((_, { id, length }) => id.clock + length, 0) ?? 0
    );
  }

  get content(): string {
    // oxlint-disable-next-line typescript/no-base-to-string -- Yjs's Text has one
    return this.text.toString();
  }

  async synced(): Promise<this> {
    await eventually(() => this.provider.synced, { timeoutMs: SYNCED_MS });
    return this;
  }

  append(text: string): void {
    this.text.insert(this.text.length, text);
  }

  /** Writes a line every `everyMs`: the editor's name and a number. */
  startTyping(name: string, everyMs = 20): void {
    this.#writer = setInterval(() => {
      this.append(`${name} ${this.#written}\n`);
      this.#written += 1;
    }, everyMs);
  }

  /** Stops it, and returns how many lines were written. */
  stopTyping(): number {
    clearInterval(this.#writer);
    return this.#written;
  }

  /** How many lines somebody has written here. */
  linesOf(name: string): number {
    return this.content.split('\n').filter((line) => line.startsWith(`${name} `)).length;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#writer);
    this.provider.destroy();
    process.setMaxListeners(process.getMaxListeners() - 1);
    this.doc.destroy(); // with it the timer of its awareness
  }

  /** Looks at each sync step 1 before the client handles it. */
  #watchSaves(): void {
    const [handleSync] = this.provider.messageHandlers;
    this.provider.messageHandlers[0] = (encoder, decoder, ...rest) => {
      const copy = createDecoder(decoder.arr.subarray(decoder.pos));
      if (readVarUint(copy) === 0) {
        const clock = decodeStateVector(readVarUint8Array(copy)).get(this.doc.clientID) ?? 0;
        this.#savedClock = Math.max(this.#savedClock, clock);
      }
      handleSync(encoder, decoder, ...rest);
    };
  }
}

/** The editors of a test, which are closed together. */
export class Editors {
  readonly #open: Editor[] = [];

  /** Opens a document, and resolves when it is here. */
  async open(...args: ConstructorParameters<typeof Editor>): Promise<Editor> {
    return await this.begin(...args).synced();
  }

  /** Begins to open a document: the client edits what it has, which is nothing. */
  begin(...args: ConstructorParameters<typeof Editor>): Editor {
    const editor = new Editor(...args);
    this.#open.push(editor);
    return editor;
  }

  /** Those that are open or are being opened. */
  get all(): readonly Editor[] {
    return this.#open;
  }

  close(): void {
    for (const editor of this.#open.splice(0)) editor[Symbol.dispose]();
  }
}
