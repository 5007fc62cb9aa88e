import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeInput, encodeInput, type Input } from './input';

/** Where inputs are kept: `corpus/<target>.jsonl` and `findings/<target>-<hash>.json`. */
const FOLDER = join(__dirname, '..');

/** How many bytes of text are kept of the inputs of one target. */
const MOST_BYTES = 40_000;

/** An input that broke a promise once. It is run again with every test run. */
export interface Finding {
  /** Its file, relative to the folder of the fuzzer. */
  readonly file: string;
  readonly target: string;
  /** The fault as it was when it was found. */
  readonly fault: string;
  readonly input: Input;
}

/** The kept inputs of a target, none if there are none yet. */
export function readCorpus(target: string): Input[] {
  const file = fileOfCorpus(target);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(decodeInput);
}

/** Keeps inputs of a target, instead of those from before. @param linesOf Returns lines that take at most so many bytes. */
export function writeCorpus(target: string, linesOf: (maxBytes: number) => readonly string[]): void {
  mkdirSync(join(FOLDER, 'corpus'), { recursive: true });
  const lines = linesOf(MOST_BYTES);
  writeFileSync(fileOfCorpus(target), lines.map((line) => `${line}\n`).join(''));
}

function fileOfCorpus(target: string): string {
  return join(FOLDER, 'corpus', `${target}.jsonl`);
}

/** All findings, by the names of their files. */
export function readFindings(): Finding[] {
  const folder = join(FOLDER, 'findings');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => readFinding(join(folder, name)));
}

/** Reads the file of a finding. @throws Error if there is none */
export function readFinding(file: string): Finding {
  const { target, fault, input } = JSON.parse(readFileSync(file, 'utf8')) as Record<
    'target' | 'fault',
    string
  > & {
    input: unknown;
  };
  return { file, target, fault, input: decodeInput(JSON.stringify(input)) };
}

/** Writes a finding. @returns Its file */
export function writeFinding({ target, fault, input }: Omit<Finding, 'file'>): string {
  const line = encodeInput(input);
  const hash = createHash('sha256').update(line).digest('hex').slice(0, 8);
  mkdirSync(join(FOLDER, 'findings'), { recursive: true });
  const file = join(FOLDER, 'findings', `${target}-${hash}.json`);
  const messages = (JSON.parse(line) as unknown[])
    .map((message) => `    ${JSON.stringify(message)}`)
    .join(',\n');
  const text = JSON.stringify({ target, fault }, undefined, 2).slice(0, -2);
  writeFileSync(file, `${text},\n  "input": [\n${messages}\n  ]\n}\n`);
  return file;
}
