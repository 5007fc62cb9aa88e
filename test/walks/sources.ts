import { readFileSync } from 'node:fs';
import type { SourceMap } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceMapOf } from '../support/source-maps.cjs';
import { type Coverage, type Entered, LIBRARY } from './coverage';

/** What may stand before a function or class and is gone when it is compiled. */
const TYPE_MODIFIERS = /^(?:(?:abstract|override|private|protected|public) +)+/;

/** A function as its author knows it. */
export interface Place {
  /** Below the library's folder of sources. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Empty if it has none. */
  readonly name: string;
  /** What gives an instance its fields is no function to its author, but V8 makes one of it. */
  readonly isInitialiser: boolean;
}

/** One module, compiled and as it was written. */
interface Module {
  readonly file: string;
  readonly compiled: string;
  readonly written: readonly string[];
  readonly map: SourceMap;
}

/** Leads from the functions of the compiled modules back to those of the sources. */
export class Sources {
  readonly #modules = new Map<string, Module>();

  readonly #coverage: Coverage;

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  /**
   * Where a function was written. Undefined for what nobody wrote: a module as a whole, the static parts of a class, and
   * what the compiler adds, above all the getter behind each name that a module exports.
   */
  placeOf({ scriptId, url, name, offset }: Entered): Place | undefined {
    if (offset === 0 || name === '<static_initializer>') return undefined;
    const { file, compiled, written, map } = this.#module(scriptId, url);
    const before = compiled.slice(0, offset).split('\n');
    const at = { line: before.length - 1, column: before.at(-1)!.length };
    const entry = map.findEntry(at.line, at.column);
    if (!('originalLine' in entry)) return undefined;
    const { originalLine: line, originalColumn: column, generatedLine, generatedColumn } = entry;
    // Between two places that the map knows, it answers with the one before.
    if (generatedLine !== at.line || generatedColumn !== at.column) return undefined;
    const word = firstWord(compiled.slice(offset));
    // The getter of an exported name leads to that name: it begins otherwise.
    if (word !== firstWord(written[line].slice(column).replace(TYPE_MODIFIERS, ''))) return undefined;
    return { file, line: line + 1, column: column + 1, name, isInitialiser: word === 'class' };
  }

  #module(scriptId: string, url: string): Module {
    const known = this.#modules.get(scriptId);
    if (known !== undefined) return known;
    const path = fileURLToPath(url);
    const map = sourceMapOf(path);
    if (map === undefined) throw new Error(`${path} was compiled without a source map.`);
    const written = readFileSync(path, 'utf8').split('\n');
    const module = { file: relative(LIBRARY, path), compiled: this.#coverage.textOf(scriptId), written, map };
    this.#modules.set(scriptId, module);
    return module;
  }
}

/** A word of the language, a name, or a sign. */
function firstWord(text: string): string {
  return /^(?:[\w$#]+|.)/.exec(text)?.[0] ?? '';
}
