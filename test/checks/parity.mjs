/**
 * `npm run check:parity`: every rule R001–R262 has exactly one row in docs/parity.md, every row names tests that exist, and only
 * a rule that is not portable goes without.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RULES = 262;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const conformance = join(root, 'test', 'conformance');

const caseNames = readdirSync(conformance)
  .filter((file) => file.endsWith('.spec.ts'))
  .flatMap((file) => testNames(join(conformance, file)));

const complaints = [];
const seen = new Map();
for (const line of readFileSync(join(root, 'docs', 'parity.md'), 'utf8').split('\n')) {
  const cells = /^\| (R\d{3}) +\|(.*)\|(.*)\|(.*)\|$/.exec(line);
  if (cells === null) continue;
  const [, rule, , here, pinnedBy] = cells;
  seen.set(rule, (seen.get(rule) ?? 0) + 1);
  const tests = [...pinnedBy.matchAll(/`([^`]+)`/g)].map(([, test]) => test);
  if (tests.length === 0 && !here.trim().startsWith('Not portable: '))
    complaints.push(`${rule} names no test, and does not say why it is not portable.`);
  for (const test of tests) if (!exists(test)) complaints.push(`${rule}: there is no test \`${test}\`.`);
}
for (let number = 1; number <= RULES; number += 1) {
  const rule = `R${String(number).padStart(3, '0')}`;
  if (seen.get(rule) !== 1) complaints.push(`${rule} has ${seen.get(rule) ?? 0} rows instead of one.`);
  seen.delete(rule);
}
for (const rule of seen.keys()) complaints.push(`${rule} is no rule.`);

for (const complaint of complaints) console.error(`docs/parity.md: ${complaint}`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** @param {string} test The id with which a test of the conformance suite begins, or `file: full name` */
function exists(test) {
  if (/^[CR]\d{3}$/.test(test)) return caseNames.some((name) => name.startsWith(`${test} `));
  const colon = test.indexOf(': ');
  const file = join(root, 'libs', 'pg-registry', 'src', `${test.slice(0, colon)}.spec.ts`);
  return colon > 0 && existsSync(file) && testNames(file).includes(test.slice(colon + 2));
}

/** The names of a file's tests: the strings that a function follows as the next argument. */
function testNames(file) {
  const text = readFileSync(file, 'utf8');
  const named = /(['"`])((?:\\.|(?!\1)[^\\\n])*)\1,\s*(?:async\s*)?(?:\([^)]*\)|\w+)\s*=>/g;
  return [...text.matchAll(named)].map(([, , name]) => name.replaceAll(/\\(.)/g, '$1'));
}
