import type { Spectator } from './coordinator';

/** The outcome of one run, as `--json` prints it. */
export interface Result {
  readonly files: number;
  readonly words: number;
  readonly distinct: number;
  readonly top: readonly (readonly [word: string, count: number])[];
  /** What one process alone counted in the same files. */
  readonly expectedWords: number;
  readonly nodes: readonly string[];
  readonly events: readonly {
    readonly type: 'join' | 'leave';
    readonly node: string;
    readonly members: number;
  }[];
}

/** Shows a run while it goes on: a bar that redraws itself on a terminal, a line per tenth of the work anywhere else. */
export class Display implements Spectator {
  readonly events: { type: 'join' | 'leave'; node: string; members: number }[] = [];
  private lastTenth = 0;

  constructor(
    private readonly output: NodeJS.WriteStream,
    private readonly silent: boolean,
  ) {}

  membership(type: 'join' | 'leave', node: string, members: number): void {
    this.events.push({ type, node, members });
    this.line(`${type === 'join' ? '+' : '-'} ${node} (${members} ${members === 1 ? 'worker' : 'workers'})`);
  }

  progress(done: number, total: number): void {
    const tenth = Math.floor((done * 10) / total);
    if (this.output.isTTY) this.bar(done, total);
    else if (tenth > this.lastTenth) this.line(`${tenth * 10} % (${done} of ${total} pieces)`);
    this.lastTenth = tenth;
  }

  line(text: string): void {
    if (this.silent) return;
    this.output.write(this.output.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  private bar(done: number, total: number): void {
    if (this.silent) return;
    const width = 40;
    const filled = Math.round((done * width) / total);
    this.output.write(`\r\x1b[K[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total}`);
    if (done === total) this.output.write('\n');
  }

  table(result: Result): void {
    const widest = Math.max(4, ...result.top.map(([word]) => word.length));
    this.line('');
    for (const [word, count] of result.top) this.line(`${word.padEnd(widest)} ${String(count).padStart(9)}`);
    this.line('');
    this.line(
      `${result.files} files, ${result.words} words, ${result.distinct} distinct, on ${result.nodes.join(', ')}`,
    );
    const verdict = result.words === result.expectedWords ? 'equal' : 'DIFFERENT';
    this.line(`cluster ${result.words} / single process ${result.expectedWords}: ${verdict}`);
  }
}
