import { join } from 'node:path';
import { format } from 'node:util';
import { type Options, transformSync } from '@swc/core';
import { type CodeBlock, ROOT } from '../../support/code-blocks';

const SWC_OPTIONS = require('../../support/swc-options.cjs') as Options;

/** Replacements for the globals of a block. */
export type Globals = Readonly<Record<string, unknown>>;

/** A block of a page that runs as a module: its exports, and what it has printed so far. */
export class BlockModule<E extends object = Record<string, unknown>> {
  readonly exports: E;
  readonly #printed: string[] = [];

  /**
   * Compiles the block as this repository compiles, and runs it.
   *
   * @param modules What its relative imports lead to.
   */
  constructor(
    readonly block: CodeBlock,
    { modules = {}, globals = {} }: { modules?: Globals; globals?: Globals } = {},
  ) {
    const filename = join(ROOT, `${block.page}.line-${block.line}.ts`);
    const { code } = transformSync(block.code, { ...SWC_OPTIONS, filename, swcrc: false });
    const surroundings = {
      require: (name: string): unknown => modules[name] ?? require(name),
      console: { log: (...said: unknown[]) => void this.#printed.push(format(...said)) },
      ...globals,
    };
    const exports = {};
    // oxlint-disable-next-line typescript/no-implied-eval -- running it is the point
    new Function('exports', ...Object.keys(surroundings), code)(exports, ...Object.values(surroundings));
    this.exports = exports as E;
  }

  /** The arguments of `console.log`, one string for each call. */
  get printed(): readonly string[] {
    return this.#printed;
  }

  /** The output that it promises: the comments behind `console.log(…);`, in the order of the source. */
  get promised(): readonly string[] {
    return [...this.block.code.matchAll(/console\.log\(.*; \/\/ (.+)$/gm)].map(([, comment]) => comment);
  }
}
