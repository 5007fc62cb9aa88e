import { constants, createReadStream } from 'node:fs';
import { access, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DemoError } from './demo-error';

/** A part of a text file for one call: bytes `start` to `end`, without `end`. Its edges are at white space, so no word is divided. */
export type Segment = { readonly path: string; readonly start: number; readonly end: number };

/** Small enough that the distinct words of a segment fit into one message of the broker. */
const SEGMENT_BYTES = 128 * 1024;
const SNIFFED_BYTES = 4096;
/** Bytes up to this one are white space or control characters, and never part of a longer UTF-8 character. */
const SPACE = 0x20;

/**
 * Finds every text file below `directory`, in a stable order. A file is text if its first 4 KB have no NUL byte. Links are not
 * followed, so that no file is counted twice and no loop can occur.
 *
 * @throws DemoError if the directory does not exist, holds no text file, or anything in it cannot be read.
 */
export async function findTextFiles(directory: string): Promise<string[]> {
  const found = await stat(directory).catch(() => undefined);
  if (!found) throw new DemoError(`There is no directory '${directory}'.`);
  if (!found.isDirectory()) throw new DemoError(`'${directory}' is not a directory.`);
  const files: string[] = [];
  const unreadable: string[] = [];
  await walk(directory);
  if (unreadable.length > 0) {
    throw new DemoError(
      `Cannot read ${unreadable.length} of the files below '${directory}', first: ${unreadable[0]}.`,
    );
  }
  if (files.length === 0) throw new DemoError(`There is no text file below '${directory}'.`);
  return files;

  async function walk(folder: string): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
      unreadable.push(folder);
      return [];
    });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) await look(path);
    }
  }

  async function look(path: string): Promise<void> {
    try {
      await access(path, constants.R_OK);
      if (await isText(path)) files.push(path);
    } catch {
      unreadable.push(path);
    }
  }
}

async function isText(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    return bytesRead > 0 && !buffer.subarray(0, bytesRead).includes(0);
  } finally {
    await file.close();
  }
}

/** Cuts one file into segments of about the same size, each at white space. */
export async function segmentsOf(path: string): Promise<Segment[]> {
  const { size } = await stat(path);
  if (size <= SEGMENT_BYTES) return [{ path, start: 0, end: size }];
  const segments: Segment[] = [];
  let start = 0;
  let position = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (position - start >= SEGMENT_BYTES && byte <= SPACE) {
        segments.push({ path, start, end: position });
        start = position;
      }
      position += 1;
    }
  }
  return [...segments, { path, start, end: size }];
}
