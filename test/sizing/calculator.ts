import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, ROOT } from '../support/code-blocks';
import type { Cost, Load } from './load';

/** What the formula is made of; every coefficient is above 0. */
export type Coefficients = Readonly<Record<string, number>>;

/** A calculator as it stands in a page. */
export interface Calculator {
  readonly coefficients: Coefficients;
  /** The cost of a load, with the page's coefficients or with others. */
  readonly size: (load: Load, coefficients?: Coefficients) => Cost;
}

/** The calculator of docs/guide/sizing.md: its block of JavaScript, run. */
export function pageCalculator(): Calculator {
  const block = blocksOf('docs/guide/sizing.md').find(({ language }) => language === 'js');
  if (block === undefined) throw new Error('docs/guide/sizing.md has no block of JavaScript.');
  return run(block.code);
}

/** That of docs/sizing.html, without its form. */
export function formCalculator(): Calculator {
  const html = readFileSync(join(ROOT, 'docs', 'sizing.html'), 'utf8');
  const script = /<script id="formula">([^]*?)<\/script>/.exec(html)?.[1];
  if (script === undefined) throw new Error('docs/sizing.html has no script with the formula.');
  return run(script);
}

function run(code: string): Calculator {
  // oxlint-disable-next-line typescript/no-implied-eval -- the page is ours, and it is what is tested
  const evaluate = new Function(`${code}\nreturn { size, coefficients: COST };`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the page defines
  return evaluate() as Calculator;
}
