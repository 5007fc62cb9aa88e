import { BenchError } from '../support/bench-error';

/** A figure of another system, measured on the same machine: one element of the file of `--anchor`. */
export interface AnchorFigure {
  /** The system's name, as the table shows it. */
  readonly system: string;
  /** The name of the benchmark that does the same work. */
  readonly benchmark: string;
  /** Above 0, in `unit`. */
  readonly value: number;
  /** That of the benchmark. */
  readonly unit: string;
}

/** The benchmarks that another system can be compared in, with their units. */
export const ANCHORED: ReadonlyMap<string, string> = new Map([
  ['lookup, 10,000 string keys', '/s'],
  ['lookup, 100 members', '/s'],
  ['match, 100 members, object pattern', 'keys/s'],
  ['register + unregister beside 10,000 entries', 'pairs/s'],
  ['updateValue', '/s'],
  ['a key of 1,000 members: leave + join, count each', 'pairs/s'],
  ['a key of 10,000 members: leave + join, count each', 'pairs/s'],
  ['select, 20,000 rows', 'rows/s'],
  ['countSelect, 20,000 rows', 'rows/s'],
  ['registration here → event there, idle, p50', 'µs'],
  ['call to a remote process, 64 in flight', 'calls/s'],
  ['call to a remote process, 1 in flight', 'calls/s'],
]);

const FIELDS = ['system', 'benchmark', 'value', 'unit'] as const;
const LONGEST_NAME = 40;

/**
 * Reads a file of figures.
 *
 * @param file Its name, for messages.
 * @param text What stands in it: a JSON list of {@link AnchorFigure}.
 * @throws BenchError naming the field that is wrong, and what is allowed.
 */
export function parseAnchor(file: string, text: string): readonly AnchorFigure[] {
  let figures: unknown;
  try {
    figures = JSON.parse(text);
  } catch (error) {
    throw refusal(file, `must be JSON: ${(error as Error).message}.`);
  }
  if (!Array.isArray(figures)) throw refusal(file, `must be a list of figures (got ${shown(figures)}).`);
  const seen = new Set<string>();
  for (const [index, figure] of figures.entries()) {
    const at = `figure ${index}`;
    check(file, at, figure);
    const { system, benchmark } = figure;
    const name = JSON.stringify([system, benchmark]);
    if (seen.has(name)) throw refusal(file, `${at}: '${system}' has two figures of '${benchmark}'.`);
    seen.add(name);
  }
  return figures as readonly AnchorFigure[];
}

function check(file: string, at: string, figure: unknown): asserts figure is AnchorFigure {
  const fail = (field: string, must: string, got: unknown): never => {
    throw refusal(file, `${at}: ${field} must be ${must} (got ${shown(got)}).`);
  };
  if (typeof figure !== 'object' || figure === null || Array.isArray(figure))
    throw refusal(file, `${at} must be an object with ${FIELDS.join(', ')} (got ${shown(figure)}).`);
  const unknown = Object.keys(figure).find((name) => !FIELDS.some((field) => field === name));
  if (unknown !== undefined)
    throw refusal(file, `${at}: there is no field '${unknown}', only ${FIELDS.join(', ')}.`);
  const { system, benchmark, value, unit } = figure as Readonly<Record<string, unknown>>;
  if (typeof system !== 'string' || !/^[^|\p{Cc}]+$/u.test(system) || system.length > LONGEST_NAME)
    fail('system', `a name of 1 to ${LONGEST_NAME} characters without '|' and line breaks`, system);
  const right = ANCHORED.get(benchmark as string);
  if (right === undefined)
    fail('benchmark', `one of ${[...ANCHORED.keys()].map((name) => `'${name}'`).join(', ')}`, benchmark);
  if (typeof value !== 'number' || !(value > 0)) fail('value', 'a number above 0', value);
  if (unit !== right) fail('unit', `'${right}', that of the benchmark`, unit);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function refusal(file: string, what: string): BenchError {
  return new BenchError(`The file of --anchor, ${file}, ${what} Nothing was measured.`);
}
