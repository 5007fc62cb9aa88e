import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of text files, with the number of words in them. */
export interface TextTree {
  readonly directory: string;
  readonly files: number;
  readonly words: number;
  readonly distinct: number;
  remove(): void;
}

const SEPARATORS = [' ', '\n', ', ', '. ', '\t', ' — ', '\r\n\r\n'];

/** Writes `files` text files into folders of ten, and beside each folder a binary file that nobody counts. */
export function textTree(files: number): TextTree {
  const directory = mkdtempSync(join(tmpdir(), 'pg-registry-demo-'));
  const seen = new Set<string>();
  let words = 0;
  for (let file = 0; file < files; file += 1) {
    const folder = join(directory, `folder-${Math.floor(file / 10)}`, 'deeper');
    mkdirSync(folder, { recursive: true });
    let text = '';
    for (let i = 0; i < 200 + file; i += 1) {
      const word = `wört${(i * 31 + file) % 997}`;
      text += (i % 7 === 0 ? word.toUpperCase() : word) + SEPARATORS[(i + file) % SEPARATORS.length];
      seen.add(word);
      words += 1;
    }
    writeFileSync(join(folder, `${file}.txt`), text);
    if (file % 10 === 0) writeFileSync(join(folder, 'image.bin'), Buffer.from([65, 66, 0, 67]));
  }
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  return { directory, files, words, distinct: seen.size, remove };
}
