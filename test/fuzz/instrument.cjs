/**
 * `node -r test/support/register.cjs -r test/fuzz/instrument.cjs file.ts`: counts how often each block of the library's code is entered.
 *
 * A counter is put at the beginning of each function, branch, loop body, `case`, `catch`, and of what `?:`, `&&`, `||` and `??` may skip.
 * The counts are in `globalThis.pgRegistryBlocks`, which engine/block-counts.ts reads. Why not V8's own coverage: docs/decisions.md.
 */
const path = require('node:path');
const ts = require('typescript');

const library = path.join(__dirname, '..', '..', 'libs', 'pg-registry', 'src') + path.sep;
const MOST_BLOCKS = 2 ** 15;
const blocks = { counts: new Uint32Array(MOST_BLOCKS), places: [] };
globalThis.pgRegistryBlocks = blocks;

/* oxlint-disable no-underscore-dangle -- the names are Node's own */
const load = require.extensions['.ts'];
require.extensions['.ts'] = (module, filename) => {
  if (filename.startsWith(library) && !/\.(?:spec|fixture)\.ts$/.test(filename)) {
    const compile = module._compile;
    module._compile = (code, name) => compile.call(module, instrumented(code, filename), name);
  }
  load(module, filename);
};

/** Returns the code with counters. No line is added, so that the lines of its source map stay right. */
function instrumented(code, filename) {
  const source = ts.createSourceFile(filename, code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  /** What is inserted where: of two at one place, the one that is found first stands first. */
  const insertions = [];
  /** What closes the node that is being visited: inserted after its children. */
  let later = [];
  const insert = (at, text) => insertions.push({ at, text, order: insertions.length });

  const count = (node) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    const number = blocks.places.push(`${path.relative(library, filename)}:${line + 1}`) - 1;
    if (number >= MOST_BLOCKS) throw new Error('test/fuzz/instrument.cjs: MOST_BLOCKS is too small.');
    return `pgRegistryCounts[${number}]++`;
  };
  const countExpression = (node) => {
    insert(node.getStart(source), `(${count(node)},`);
    later.push(() => insert(node.getEnd(), ')'));
  };
  const countStatement = (node) => {
    const isBlock = ts.isBlock(node);
    insert(node.getStart(source) + (isBlock ? 1 : 0), `${isBlock ? '' : '{'}${count(node)};`);
    if (!isBlock) later.push(() => insert(node.getEnd(), '}'));
  };
  const visit = (node) => {
    const outer = later;
    later = [];
    visitOne(node);
    const closing = later;
    ts.forEachChild(node, visit);
    for (const close of closing) close();
    later = outer;
  };
  const visitOne = (node) => {
    const { parent } = node;
    if (parent === undefined) return;
    if (ts.isFunctionLike(parent) && parent.body === node) {
      if (ts.isBlock(node)) countStatement(node);
      else countExpression(node);
    } else if (ts.isIfStatement(parent) && node !== parent.expression) {
      countStatement(node);
    } else if (ts.isIterationStatement(parent, false) && node === parent.statement) {
      countStatement(node);
    } else if (ts.isCatchClause(parent) && node === parent.block) {
      countStatement(node);
    } else if (ts.isCaseOrDefaultClause(node) && node.statements.length > 0) {
      insert(node.statements[0].getStart(source), `${count(node)};`);
    } else if (ts.isConditionalExpression(parent) && node !== parent.condition && ts.isExpression(node)) {
      countExpression(node);
    } else if (ts.isBinaryExpression(parent) && node === parent.right && mayBeSkipped(parent.operatorToken)) {
      countExpression(node);
    }
  };
  visit(source);
  const [first] = source.statements;
  const isDirective =
    first !== undefined && ts.isExpressionStatement(first) && ts.isStringLiteral(first.expression);
  const start = isDirective ? first.getEnd() : 0;
  insertions.push({
    at: start,
    text: 'const pgRegistryCounts=globalThis.pgRegistryBlocks.counts;',
    order: -1,
  });
  insertions.sort((a, b) => a.at - b.at || a.order - b.order);
  let text = '';
  let at = 0;
  for (const insertion of insertions) {
    text += code.slice(at, insertion.at) + insertion.text;
    at = insertion.at;
  }
  return text + code.slice(at);
}

function mayBeSkipped({ kind }) {
  const { SyntaxKind } = ts;
  return [
    SyntaxKind.AmpersandAmpersandToken,
    SyntaxKind.BarBarToken,
    SyntaxKind.QuestionQuestionToken,
    SyntaxKind.AmpersandAmpersandEqualsToken,
    SyntaxKind.BarBarEqualsToken,
    SyntaxKind.QuestionQuestionEqualsToken,
  ].includes(kind);
}
