import type { MembershipChange } from './coordinator';

/** The result of one run, as `--json` prints it. */
export interface Result {
  readonly files: number;
  readonly words: number;
  readonly distinct: number;
  readonly top: readonly (readonly [word: string, count: number])[];
  /** The number of words that a single process counted in the same files. */
  readonly expectedWords: number;
  /** Every node of the cluster when the work began, including the coordinator's. */
  readonly nodes: readonly string[];
  /** The workers that came and went, in order. */
  readonly events: readonly MembershipChange[];
}

const BAR_WIDTH = 40;
const ERASE_LINE = '\r\x1b[K';
const GREEN = '\x1b[32m';
const RED = '\x1b[31m';
const PLAIN = '\x1b[0m';

/** Shows the progress of a run: a bar that redraws itself on a terminal, or a line for each tenth of the work elsewhere. */
export class Display {
  #lastTenth = 0;

  readonly #output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
  readonly #silent: boolean;
  readonly #hasColors: boolean;

  /**
   * @param options.silent Whether to show nothing.
   * @param options.noColor The environment variable `NO_COLOR`: any text turns colours off (https://no-color.org).
   */
  constructor(
    output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>,
    { silent, noColor = '' }: { readonly silent: boolean; readonly noColor?: string | undefined },
  ) {
    this.#output = output;
    this.#silent = silent;
    this.#hasColors = output.isTTY && noColor === '';
  }

  membership({ type, node, members }: MembershipChange): void {
    const line = `${type === 'join' ? '+' : '-'} ${node} (${members} ${members === 1 ? 'worker' : 'workers'})`;
    this.line(this.#colored(line, type === 'join' ? GREEN : RED));
  }

  progress(done: number, total: number): void {
    const tenth = Math.floor((done * 10) / total);
    if (this.#output.isTTY) this.#bar(done, total);
    else if (tenth > this.#lastTenth) this.line(`${tenth * 10} % (${done} of ${total} pieces)`);
    this.#lastTenth = tenth;
  }

  line(text: string): void {
    if (this.#silent) return;
    this.#output.write(this.#output.isTTY ? `${ERASE_LINE}${text}\n` : `${text}\n`);
  }

  table({ files, words, distinct, top, expectedWords, nodes }: Result, equal: boolean): void {
    const widest = Math.max(...top.map(([word]) => word.length));
    this.line('');
    for (const [word, count] of top) this.line(`${word.padEnd(widest)} ${String(count).padStart(9)}`);
    this.line('');
    this.line(`${files} files, ${words} words, ${distinct} distinct, on ${nodes.join(', ')}`);
    const line = `cluster ${words} / single process ${expectedWords}: ${equal ? 'equal' : 'DIFFERENT'}`;
    this.line(this.#colored(line, equal ? GREEN : RED));
  }

  #colored(text: string, color: string): string {
    return this.#hasColors ? `${color}${text}${PLAIN}` : text;
  }

  #bar(done: number, total: number): void {
    if (this.#silent) return;
    const filled = Math.round((done * BAR_WIDTH) / total);
    const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
    this.#output.write(`${ERASE_LINE}[${bar}] ${done}/${total}`);
    if (done === total) this.#output.write('\n');
  }
}
