import { DecodeError, type Reader, Writer } from '../wire';
import { checkNotFull, FULL_BODY_BYTES, MAX_HEAD_BYTES, openBody, startBody, TAG } from './body';

/**
 * Packs bodies of one stream into frames, whole and in their order, so that 1,500 small operations are repaired by one frame instead
 * of 1,500. A body that leaves no room for others travels alone, as it is.
 */
export class Bundler {
  readonly #writer = new Writer();
  #count = 0;
  readonly #capacity: number;

  readonly #run: number;
  readonly #send: (body: Uint8Array) => void;

  /** @param maxBodyBytes The largest body that the connection takes. */
  constructor(run: number, maxBodyBytes: number, send: (body: Uint8Array) => void) {
    this.#run = run;
    this.#send = send;

    this.#capacity = Math.min(FULL_BODY_BYTES, maxBodyBytes) - MAX_HEAD_BYTES;
  }

  /** Takes the next body; may send a bundle of those before, or this one. */
  add(body: Uint8Array): void {
    if (this.#writer.length + body.length > this.#capacity) this.flush();
    if (body.length > this.#capacity) return this.#send(body);
    if (this.#count === 0) startBody(this.#writer, TAG.bundle, this.#run);
    this.#writer.bytes(body);
    this.#count += 1;
  }

  /** Sends what is left. */
  flush(): void {
    if (this.#count === 0) return;
    this.#send(this.#writer.finish());
    this.#writer.reset();
    this.#count = 0;
  }
}

/** A body of a bundle, opened. */
export interface Bundled {
  readonly tag: number;
  readonly reader: Reader;
}

/**
 * The bodies behind the head of a bundle of run `run`, one after the other, as they are taken.
 *
 * @throws DecodeError when it comes to one that does not belong into a bundle, speaks of another run, or begins behind a full body.
 */
export function* readBundle(
  reader: Reader,
  run: number,
  readerOf: (bytes: Uint8Array) => Reader,
): Generator<Bundled> {
  const start = reader.position;
  while (reader.remaining > 0) {
    checkNotFull(reader, start);
    const inner = readerOf(reader.bytes());
    const opened = openBody(inner, 'ops');
    if (opened.tag === TAG.bundle) throw new DecodeError('a bundle in a bundle');
    if (opened.run !== run) throw new DecodeError('a bundle with bodies of different runs');
    yield { tag: opened.tag, reader: inner };
  }
}
