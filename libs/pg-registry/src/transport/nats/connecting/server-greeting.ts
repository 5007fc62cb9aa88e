import { boundedText } from '../../../term';
import { peek } from '../nats-client';

/** No server's first line is longer. */
const MAX_BYTES = 1024 * 1024;

/** What a server says first. */
export type Greeting =
  /** It is a NATS server. `cluster` is the name of its cluster, if it has one. */
  | { readonly type: 'info'; readonly cluster: string | undefined }
  /** It refuses the connection, or is no NATS server. */
  | { readonly type: 'refusal'; readonly reason: string };

/** Reads what a server sends on a new connection: `INFO {…}`, and then `-ERR '…'` if it takes no more connections. */
export class GreetingReader {
  #text = '';
  #greeting: Greeting | undefined;

  /** Takes what has arrived. Returns undefined until the first line is complete; a refusal if it was not the first line. */
  read(bytes: Uint8Array): Greeting | undefined {
    if (this.#greeting?.type === 'refusal') return this.#greeting;
    this.#text += Buffer.from(bytes).toString('latin1');
    const lines = this.#text.split('\r\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const isFirst = this.#greeting === undefined;
      if (isFirst || /^-ERR/i.test(line)) this.#greeting = parse(line);
    }
    if (this.#text.length > MAX_BYTES) this.#greeting ??= strange(this.#text);
    return this.#greeting;
  }
}

function parse(line: string): Greeting {
  const refusal = /^-ERR '?(.*?)'?$/i.exec(line)?.[1];
  if (refusal !== undefined) return { type: 'refusal', reason: refusal.toLowerCase() };
  const json = /^INFO (.*)$/i.exec(line)?.[1];
  if (json === undefined) return strange(line);
  try {
    const cluster = peek(JSON.parse(json), 'cluster');
    return { type: 'info', cluster: typeof cluster === 'string' && cluster !== '' ? cluster : undefined };
  } catch {
    return strange(line);
  }
}

function strange(line: string): Greeting {
  return {
    type: 'refusal',
    reason: `it does not speak like a NATS server: ${boundedText(line.slice(0, 60))}`,
  };
}
