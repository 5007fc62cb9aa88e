/**
 * Part of `npm run check:rooms`: the table of rooms in docs/ARCHITECTURE.md and the header of each room's `index.ts` say the same as
 * `.dependency-cruiser.cjs`, every folder of the library has a row, and every file and folder that the page or a header names exists. No
 * file of the library but the facades is longer than 350 lines, and no folder holds more than 25 source files.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { rooms } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs'));
const page = readFileSync(join(root, 'docs', 'ARCHITECTURE.md'), 'utf8');

const written = new Map();
for (const [, room, imports] of page.matchAll(/^\| `([\w/-]+)\/` +\|[^|]*\|([^|]*)\|$/gm)) {
  if (!room.startsWith('test/')) written.set(room, namesIn(imports));
}

const complaints = [];
for (const [room, allowed] of Object.entries(rooms)) {
  const expected = importsOf(allowed);
  const found = written.get(room)?.toSorted().join(', ');
  if (found === undefined) complaints.push(`has no row for ${room}/.`);
  else if (found !== expected)
    complaints.push(`lets ${room}/ import "${found}", .dependency-cruiser.cjs "${expected}".`);
  written.delete(room);
}
for (const room of written.keys())
  complaints.push(`has a row for ${room}/, which .dependency-cruiser.cjs does not know.`);
const folders = readdirSync(join(root, 'libs', 'pg-registry', 'src'), { withFileTypes: true });
for (const folder of folders)
  if (folder.isDirectory() && !(folder.name in rooms))
    complaints.push(`has no row for the folder ${folder.name}/.`);

const sources = join(root, 'libs', 'pg-registry', 'src');
const headers = [];
for (const [room, allowed] of Object.entries(rooms)) {
  const file = join(room, 'index.ts');
  // The entry of the package says what it is for; the table says what it may import.
  if (!existsSync(join(sources, file))) continue;
  const [header] = readFileSync(join(sources, file), 'utf8').split('*/');
  const text = header.replaceAll(/\s*\n \* ?/g, ' ');
  const found = /May import:? (.*?)\.(?=\s|$)/.exec(text)?.[1].replaceAll(/ \([^)]*\)/g, '');
  const expected = importsOf(allowed);
  if (found === undefined || namesIn(found).toSorted().join(', ') !== expected)
    headers.push(`${file} says that the room may import "${found}", .dependency-cruiser.cjs "${expected}".`);
  const mentioned = [...text.matchAll(/`([\w-]+\/|[\w./-]+\.ts)`/g)].map(([, name]) => name);
  for (const name of mentioned)
    if (![join(room, name), name, join('..', name)].some((path) => existsSync(join(sources, path))))
      headers.push(`${file} names ${name}, which does not exist.`);
}

const named = [...page.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file]) => file);
for (const file of named)
  if (!existsSync(join(sources, file))) complaints.push(`names ${file}, which does not exist.`);
if (named.length < 30) complaints.push(`names only ${named.length} files: the walks are missing.`);

const MOST_LINES = 350;
const MOST_FILES = 25;
/** One documented class each, most of it delegations of a line: what they delegate to is cut by meaning instead. */
const facades = [
  'scope/pg-registry-service.ts',
  'table/table.ts',
  'protocol/peer-protocol.ts',
  'node/pg-registry-node.ts',
];
const oversize = [];
const filesIn = new Map();
for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts') || /\.(spec|fixture)\.ts$/.test(file)) continue;
  const folder = dirname(file);
  filesIn.set(folder, (filesIn.get(folder) ?? 0) + 1);
  const lines = readFileSync(join(sources, file), 'utf8').split('\n').length - 1;
  if (lines > MOST_LINES && !facades.includes(file))
    oversize.push(`${file} has ${lines} lines; at most ${MOST_LINES} are allowed. Cut it by meaning.`);
}
for (const [folder, count] of filesIn)
  if (count > MOST_FILES)
    oversize.push(
      `${folder}/ has ${count} source files; at most ${MOST_FILES} are allowed. Make a subfolder.`,
    );
for (const facade of facades)
  if (!existsSync(join(sources, facade))) oversize.push(`${facade} is a facade here, but does not exist.`);

for (const complaint of [...oversize, ...headers]) console.error(`libs/pg-registry/src/${complaint}`);
for (const complaint of complaints) console.error(`docs/ARCHITECTURE.md ${complaint}`);
process.exitCode = complaints.length + oversize.length + headers.length === 0 ? 0 : 1;

/** @param {readonly string[]} allowed What `.dependency-cruiser.cjs` lists for a room */
function importsOf(allowed) {
  return allowed
    .map((name) => name.replace(/^npm:/, ''))
    .toSorted()
    .join(', ');
}

/** @param {string} imports The third cell of a row, or what stands behind `May import` */
function namesIn(imports) {
  const names = imports.split(',').map((name) => name.trim());
  return names.length === 1 && names[0] === 'nothing' ? [] : names;
}
