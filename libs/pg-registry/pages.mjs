/**
 * `node pages.mjs`: copies the pages that the package contains to where `npm pack` finds them. Tables lose the spaces that align their columns in the
 * sources, a quarter of the bytes of these pages; they look the same when they are rendered.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const library = dirname(fileURLToPath(import.meta.url));
const root = join(library, '..', '..');

mkdirSync(join(library, 'docs', 'guide'), { recursive: true });
copyFileSync(join(root, 'LICENSE'), join(library, 'LICENSE'));
const guide = readdirSync(join(root, 'docs', 'guide'), { recursive: true, encoding: 'utf8' });
const pages = ['README.md', 'CHANGELOG.md', 'docs/elixir.md', ...guide.map((page) => `docs/guide/${page}`)];
for (const page of pages) writeFileSync(join(library, page), narrow(readFileSync(join(root, page), 'utf8')));

/** Takes the padding out of tables; blocks of code stay as they are. */
function narrow(page) {
  let isCode = false;
  return page
    .split('\n')
    .map((line) => {
      if (line.startsWith('```')) isCode = !isCode;
      return isCode || !line.startsWith('|') ? line : line.replace(/ {2,}/g, ' ').replace(/-{4,}/g, '---');
    })
    .join('\n');
}
