/**
 * `npm run check:elixir`: every name that docs/elixir.md gives for an Elixir or Erlang function is exported by the library, or is a
 * member of an exported class or interface, and says in a doc comment what it does.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const index = join(root, 'libs', 'pg-registry', 'src', 'index.ts');

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
const program = ts.createProgram([index], { ...options, noEmit: true });
const checker = program.getTypeChecker();
const exported = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)))
    .map((symbol) => [symbol.name, original(symbol)]),
);

const complaints = [];
let names = 0;
for (const line of readFileSync(join(root, 'docs', 'elixir.md'), 'utf8').split('\n')) {
  const ours = /^\| [^|]*\|([^|]*)\|[^|]*\|$/.exec(line)?.[1] ?? '';
  for (const [, name] of ours.matchAll(/`([^`]+)`/g)) {
    names += 1;
    const symbol = find(name);
    if (symbol === undefined) complaints.push(`\`${name}\` is not exported.`);
    else if (!isDocumented(symbol)) complaints.push(`\`${name}\` has no doc comment.`);
  }
}
if (names === 0) complaints.push('There is no name in it.');

for (const complaint of complaints) console.error(`docs/elixir.md: ${complaint}`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** @param {string} name `via`, or `Class.member` */
function find(name) {
  const [owner, member] = name.split('.');
  const symbol = exported.get(owner);
  if (member === undefined || symbol === undefined) return symbol;
  const instance = checker.getDeclaredTypeOfSymbol(symbol).getProperty(member);
  return instance ?? checker.getTypeOfSymbol(symbol).getProperty(member);
}

function isDocumented(symbol) {
  return symbol.getDocumentationComment(checker).length > 0;
}

/** Behind the `export … from`. */
function original(symbol) {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}
