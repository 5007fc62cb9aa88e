import { mkdirSync, writeFileSync } from 'node:fs';
import { Session, type Profiler as Inspector } from 'node:inspector';
import { basename, join } from 'node:path';

/** Microseconds between two looks at the stack: fine enough for rounds of 40 ms. */
const SAMPLING_US = 200;
const SHOWN = 12;
/** What is no work of the benchmark's; `dispatch` is the inspector. */
const IDLE = new Set(['(idle)', '(program)', '(root)', 'dispatch']);

/** Samples of one benchmark: microseconds by the function in which they were taken. */
type Samples = Map<string, number>;

/**
 * Takes CPU profiles of what is measured, and of nothing else: neither of baselines nor of what prepares a round. So that it
 * can be repeated by anybody: `npm run bench -- --area reads --profile DIR`.
 */
export class Profiler {
  readonly #session = new Session();
  readonly #samples = new Map<string, Samples>();

  readonly #directory: string;

  /** @param directory Where the profiles go that a browser's developer tools open */
  constructor(directory: string) {
    this.#directory = directory;

    mkdirSync(directory, { recursive: true });
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.setSamplingInterval', { interval: SAMPLING_US });
  }

  /** Runs something of a benchmark, watched. */
  async around<T>(name: string, run: () => T | Promise<T>): Promise<T> {
    this.#session.post('Profiler.start');
    try {
      return await run();
    } finally {
      // The inspector of one's own thread answers before `post` returns.
      this.#session.post('Profiler.stop', (error, found) => {
        if (error === null) this.#add(name, found.profile);
      });
    }
  }

  /** What was found: of each benchmark the functions that took most, as a part of the time in which anything ran. */
  report(): string {
    return [...this.#samples].map(([name, samples]) => `\n${name}\n${top(samples)}`).join('\n');
  }

  #add(name: string, profile: Inspector.Profile): void {
    const samples = this.#samples.get(name) ?? new Map<string, number>();
    this.#samples.set(name, samples);
    const titles = new Map(profile.nodes.map(({ id, callFrame }) => [id, titleOf(callFrame)]));
    for (const [index, id] of (profile.samples ?? []).entries()) {
      const title = titles.get(id)!;
      if (!IDLE.has(title)) samples.set(title, (samples.get(title) ?? 0) + profile.timeDeltas![index]);
    }
    // The last round stays.
    const file = `${name.replaceAll(/[^A-Za-z0-9]+/g, '-')}.cpuprofile`;
    writeFileSync(join(this.#directory, file), JSON.stringify(profile));
  }
}

function titleOf({ functionName, url, lineNumber }: Inspector.Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name}  ${basename(url)}:${lineNumber + 1}`;
}

function top(samples: Samples): string {
  const total = [...samples.values()].reduce((sum, us) => sum + us, 0);
  return [...samples]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([title, us]) => `  ${((us / total) * 100).toFixed(1).padStart(5)} %  ${title}`)
    .join('\n');
}
