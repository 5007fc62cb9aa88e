/** The figures of a full run of the fault tests, printed for docs/RELIABILITY.md. */
export class Figures {
  readonly #lines: string[] = [];

  /** Notes one figure. */
  add(what: string, figure: string): void {
    this.#lines.push(`${what}: ${figure}`);
  }

  /** Notes the median and the extremes of several runs, in milliseconds. */
  addTimes(what: string, times: readonly number[]): void {
    const sorted = times.toSorted((a, b) => a - b);
    const [least, p50, most] = [sorted[0], median(sorted), sorted.at(-1)!].map(Math.round);
    this.add(what, `p50 ${p50} ms, least ${least} ms, most ${most} ms (${times.length} observations)`);
  }

  print(): void {
    if (this.#lines.length > 0)
      process.stderr.write(`${this.#lines.map((line) => `  figure: ${line}`).join('\n')}\n`);
  }
}

/** The median. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
