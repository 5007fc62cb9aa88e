import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTextFiles, segmentsOf } from './segments';
import { countWords, topOf, type WordCounts } from './words';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pg-registry-segments-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

describe('segmentsOf', () => {
  test('segmentsOf cuts a long file so that the parts together have the words of the whole', async () => {
    const text = Array.from(
      { length: 60_000 },
      (_, i) => `süß-${i % 977}’s\t${i % 7 === 0 ? '🦉\n' : ' '}`,
    ).join('');
    const path = write('long.txt', text);
    const bytes = readFileSync(path);
    const segments = await segmentsOf(path);
    expect(segments.length).toBeGreaterThan(5);
    expect(segments[0].start).toBe(0);
    expect(segments.at(-1)!.end).toBe(bytes.length);
    expect(segments.slice(1).map(({ start }) => start)).toEqual(segments.slice(0, -1).map(({ end }) => end));

    const [whole, parts]: WordCounts[] = [new Map(), new Map()];
    countWords(text, whole);
    for (const { start, end } of segments) countWords(bytes.subarray(start, end).toString('utf8'), parts);
    expect(parts).toEqual(whole);
  });

  test('segmentsOf leaves a short file, and a file without spaces, in one piece', async () => {
    expect(await segmentsOf(write('short.txt', 'a b'))).toHaveLength(1);
    expect(await segmentsOf(write('dense.txt', 'x'.repeat(400_000)))).toHaveLength(1);
  });
});

describe('findTextFiles', () => {
  test('findTextFiles finds text in all folders in a stable order, and skips binaries, empty files and links', async () => {
    mkdirSync(join(directory, 'b'));
    const found = [write('a.txt', 'a'), write('b/c.txt', 'c'), write('z.md', 'z')];
    write('image', Buffer.from([1, 0, 2]));
    write('empty', '');
    symlinkSync(directory, join(directory, 'loop'));
    symlinkSync(found[0], join(directory, 'link'));
    expect(await findTextFiles(directory)).toEqual(found);
  });
});

test('a word is letters and digits with apostrophes and hyphens inside, whatever its case', () => {
  const counts: WordCounts = new Map();
  countWords("Don't don't DON'T — well-known, -dash- 42nd Straße STRASSE", counts);
  expect(topOf(counts, 2)).toEqual([
    ["don't", 3],
    ['42nd', 1],
  ]);
  expect([...counts.keys()].toSorted()).toEqual(['42nd', 'dash', "don't", 'strasse', 'straße', 'well-known']);
});
