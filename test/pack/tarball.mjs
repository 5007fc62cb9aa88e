import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './process.mjs';

const REQUIRED_FILES = ['README.md', 'CHANGELOG.md', 'LICENSE', 'package.json'];
/** What a user needs: code, declarations, the guide. No tests, no pages for contributors, and no source maps, whose sources are not there. */
const WANTED =
  /^(README\.md|CHANGELOG\.md|LICENSE|package\.json|docs\/(elixir|guide\/[\w-]+)\.md|dist\/[\w./-]+(\.js|\.d\.ts))$/;
const MOST_BYTES = 1_060_000;
/** What only operators use has a limit of its own: the page, the command, and what they share with the observer of each node. */
const OF_THE_OBSERVER = /^dist\/(command\/|observer-page\/|shared\/observer\.)/;
const MOST_BYTES_OF_OBSERVER = 150_000;
/** In README.md. */
const REPOSITORY_LIST = /^Only in the repository, not in the package:\n\n(?:[- ] .*\n)+/m;

/**
 * Checks that the tarball has what a user needs, and nothing else; that its pages lead nowhere else; and that it is not too large.
 *
 * @param {string} tarball
 * @param {string} library The folder that was packed
 * @param {string} folder Where to unpack it
 */
export function checkTarball(tarball, library, folder) {
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  run(folder, 'tar', '-xzf', tarball, '-C', unpacked, '--strip-components=1');
  const files = readdirSync(unpacked, { recursive: true }).filter((file) =>
    statSync(join(unpacked, file)).isFile(),
  );
  const missing = [...REQUIRED_FILES, ...entryFiles(library)].filter((file) => !files.includes(file));
  const unwanted = files.filter((file) => !WANTED.test(file));
  const broken = files.filter((file) => file.endsWith('.md')).flatMap((page) => brokenLinks(unpacked, page));
  const bytesOf = (some) => some.reduce((sum, file) => sum + statSync(join(unpacked, file)).size, 0);
  const ofObserver = bytesOf(files.filter((file) => OF_THE_OBSERVER.test(file)));
  const bytes = bytesOf(files) - ofObserver;
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  if (unwanted.length > 0) throw new Error(`unwanted: ${unwanted.join(', ')}`);
  if (broken.length > 0) throw new Error(`links to pages that are not packed: ${broken.join(', ')}`);
  if (ofObserver > MOST_BYTES_OF_OBSERVER)
    throw new Error(
      `${ofObserver} bytes of the observer, its page and its command, more than ${MOST_BYTES_OF_OBSERVER}`,
    );
  if (bytes > MOST_BYTES) throw new Error(`${bytes} bytes unpacked, more than ${MOST_BYTES}`);
  console.log(`       ${bytes} bytes unpacked, and ${ofObserver} of the observer; ${files.length} files`);
}

/** Links of a page that lead to no packed page. A paragraph that speaks of the repository may have them. */
function brokenLinks(unpacked, page) {
  const paragraphs = readFileSync(join(unpacked, page), 'utf8').replace(REPOSITORY_LIST, '').split('\n\n');
  return paragraphs
    .filter((paragraph) => !paragraph.includes('of the repository'))
    .flatMap((paragraph) => [...paragraph.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)])
    .map(([, target]) => join(dirname(page), target))
    .filter((target) => !existsSync(join(unpacked, target)));
}

/** What package.json promises. */
function entryFiles(library) {
  const { exports, bin } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
  return [
    ...Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : Object.values(entry))),
    ...Object.values(bin),
  ].map((file) => file.replace('./', ''));
}
