import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { blocksOf } from './code-blocks';
import { eventually } from './eventually';
import { guardAgainstOrphan } from './orphan-guard';
import { timeLimit } from './time-limit';

const PAGE = 'docs/guide/getting-started.md';
/** Loading a program takes long on a busy machine. */
const START_TIMEOUT_MS = 30_000;
/** The page says two seconds. */
const CRASH_TIMEOUT_MS = timeLimit(2000);

/** The lines of the page's shell blocks. */
export function shellLines(): readonly string[] {
  return blocksOf(PAGE)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.trim().split('\n'));
}

/** Puts the page's files where it says. */
export function writeFiles(application: string): void {
  for (const { file, code } of blocksOf(PAGE)) {
    if (file === undefined) continue;
    mkdirSync(dirname(join(application, file)), { recursive: true });
    writeFileSync(join(application, file), code);
  }
}

/**
 * Follows the page "getting started" from the first start on: starts the processes, kills one, sends requests with curl, and
 * compares the output with the page. Uses free ports instead of those of the page.
 */
export class WalkThrough {
  readonly #program: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #ports = new Map<string, number>();
  readonly #running = new Set<ChildProcess>();
  #last: ChildProcess | undefined;
  #timeoutMs = START_TIMEOUT_MS;
  #log = '';

  /** @param program What stands for `dist/main`: arguments of node. */
  constructor(program: readonly string[], natsUrl: string) {
    this.#program = program;
    this.#env = { ...process.env, NATS_URL: natsUrl, NO_COLOR: '1' };
  }

  /** @throws Error with the first line that did not do what the page says. */
  async follow(lines: readonly string[]): Promise<void> {
    try {
      for (const line of lines) await this.#step(line);
    } catch (error) {
      throw new Error(`${String(error)}\nThe processes said:\n${this.#log}`, { cause: error });
    } finally {
      for (const child of this.#running) child.kill('SIGKILL');
    }
  }

  async #step(line: string): Promise<void> {
    const start = /^NAME=(\w+) PORT=(\d+) node dist\/main &$/.exec(line);
    if (start !== null) return this.#start(start[1], await this.#port(start[2]));
    const curl = /^curl localhost:(\d+)(\/\S+) +# (.+)$/.exec(line);
    if (curl !== null)
      return this.#curl(line, `http://localhost:${await this.#port(curl[1])}${curl[2]}`, curl[3]);
    if (line !== 'kill -9 $!') throw new Error(`Nobody knows how to follow '${line}'.`);
    this.#last?.kill('SIGKILL');
    this.#timeoutMs = CRASH_TIMEOUT_MS;
  }

  #start(name: string, port: number): void {
    const env = { ...this.#env, NAME: name, PORT: String(port) };
    const child = spawn(process.execPath, this.#program, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    }
    const unguard = guardAgainstOrphan(child.pid!);
    this.#running.add(child);
    child.once('exit', () => {
      unguard();
      this.#running.delete(child);
    });
    this.#last = child;
    this.#timeoutMs = START_TIMEOUT_MS;
  }

  async #curl(line: string, url: string, expected: string): Promise<void> {
    const answer = async (): Promise<string> => {
      try {
        return await (await fetch(url)).text();
      } catch (error) {
        return String(error);
      }
    };
    await eventually(
      async () => {
        const said = await answer();
        if (normal(said) !== normal(expected)) throw new Error(`'${line}' answered ${said}`);
      },
      { timeoutMs: this.#timeoutMs },
    );
  }

  async #port(number: string): Promise<number> {
    const port = this.#ports.get(number) ?? (await freePort());
    this.#ports.set(number, port);
    return port;
  }
}

/** A list of names is the same in any order: the page says so. */
function normal(answer: string): string {
  return answer.startsWith('[') ? (JSON.parse(answer) as string[]).toSorted().join() : answer;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address!.port : 0));
    });
  });
}
