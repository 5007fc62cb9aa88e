import { MAX_NAME_BYTES } from '../term';
import { DecodeError, Reader, Writer } from '../wire';

/**
 * Where a hello is written and read: what a node says about itself, in one page of a hello. `OwnScopes` decides which scopes a hello
 * lists, `Membership` when it is sent.
 *
 * The set of running scopes has a revision that rises with every start and stop. A hello is one of
 *   - complete: one page of the whole set at `revision`; absence counts once all pages of one beat have arrived;
 *   - a change: everything that started or stopped after revision `since`, and digests. A receiver that knows the set as of `since` or
 *     later now knows it as of `revision`; any other has missed a hello and asks for a complete one.
 */
export interface Hello {
  /** Rises with every hello; a lower one than heard before is late and ignored. */
  readonly beat: number;
  /** Whether it asks every receiver for a complete hello. */
  readonly discover: boolean;
  readonly draining: boolean;
  readonly serverId: string;
  readonly revision: number;
  /** `undefined`: this is a page of the complete set. */
  readonly since: number | undefined;
  readonly page: number;
  readonly pages: number;
  readonly running: readonly ScopeNews[];
  readonly stopped: readonly string[];
}

/** What a node tells about its own entries in one scope: its run, its last operation, how many entries there are and their hash. */
export interface ScopeDigest {
  readonly run: number;
  /** Number of the stream's last operation. */
  readonly last: number;
  readonly count: number;
  /** Upper half of the order-free hash over (entry number, revision), an unsigned 32-bit number. */
  readonly hashHigh: number;
  /** Lower half of it. */
  readonly hashLow: number;
}

/** One running scope of a node: its name, its key mode, and the digest of what the node owns in it. */
export interface ScopeNews extends ScopeDigest {
  readonly name: string;
  readonly keys: 'duplicate' | 'unique';
}

const DISCOVER = 1;
const DRAINING = 2;
const COMPLETE = 4;
const ALL_FLAGS = DISCOVER | DRAINING | COMPLETE;
const UNIQUE = 1;
const MAX_PAGES = 4096;
/** No page lists more running scopes than these, nor more stopped ones: to read and compare as many takes long. */
export const MOST_NAMES = 16_384;
/** Smallest encodings: a declared count is refused if the bytes cannot be there. */
const MIN_NEWS_BYTES = 8;
const MIN_NAME_BYTES = 2;

/** Encodes the body of a hello (version 1). */
export function encodeHello(hello: Hello): Uint8Array {
  const writer = new Writer();
  const complete = hello.since === undefined;
  writer.uint(hello.beat);
  writer.u8((hello.discover ? DISCOVER : 0) | (hello.draining ? DRAINING : 0) | (complete ? COMPLETE : 0));
  writer.string(hello.serverId);
  writer.uint(hello.revision);
  if (hello.since !== undefined) writer.uint(hello.since);
  writer.uint(hello.page);
  writer.uint(hello.pages);
  writer.uint(hello.running.length);
  for (const news of hello.running) {
    writer.string(news.name);
    writer.u8(news.keys === 'unique' ? UNIQUE : 0);
    writer.uint(news.run);
    writer.uint(news.last);
    writer.uint(news.count);
    writer.uint(news.hashHigh);
    writer.uint(news.hashLow);
  }
  writer.uint(hello.stopped.length);
  for (const name of hello.stopped) writer.string(name);
  return writer.finish();
}

/** Decodes the body of a hello. @throws DecodeError on anything that {@link encodeHello} cannot have written */
export function decodeHello(body: Uint8Array): Hello {
  const reader = new Reader(body);
  const beat = reader.uint();
  const flags = reader.u8();
  if ((flags & ~ALL_FLAGS) !== 0) throw new DecodeError(`Unknown flags ${flags} in a hello.`);
  const serverId = readName(reader);
  const revision = reader.uint();
  const since = (flags & COMPLETE) === 0 ? reader.uint() : undefined;
  const page = reader.uint();
  const pages = reader.uint();
  if (pages === 0 || pages > MAX_PAGES || page >= pages)
    throw new DecodeError(`Page ${page} of ${pages} does not exist.`);
  const running = readList(reader, MIN_NEWS_BYTES, readNews);
  const stopped = readList(reader, MIN_NAME_BYTES, readName);
  reader.end();
  const discover = (flags & DISCOVER) !== 0;
  const draining = (flags & DRAINING) !== 0;
  return { beat, discover, draining, serverId, revision, since, page, pages, running, stopped };
}

function readNews(reader: Reader): ScopeNews {
  const name = readName(reader);
  if (name === '') throw new DecodeError('A scope without a name.');
  const keys = reader.u8() === UNIQUE ? 'unique' : 'duplicate';
  const [run, last, count] = [reader.uint(), reader.uint(), reader.uint()];
  const [hashHigh, hashLow] = [reader.uint(), reader.uint()];
  if (hashHigh > 0xffffffff || hashLow > 0xffffffff) throw new DecodeError('A hash of more than 64 bits.');
  return { name, keys, run, last, count, hashHigh, hashLow };
}

function readName(reader: Reader): string {
  return reader.string(MAX_NAME_BYTES);
}

function readList<T>(reader: Reader, minBytes: number, read: (reader: Reader) => T): T[] {
  const length = reader.count(minBytes);
  if (length > MOST_NAMES) throw new DecodeError(`A hello of ${length} scopes, more than ${MOST_NAMES}.`);
  return Array.from({ length }, () => read(reader));
}
