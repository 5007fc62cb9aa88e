import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Answer } from './fixture';
import { inNetwork } from './network';
import { guardAgainstOrphan } from './orphan-guard';

/** An error that happened in a fixture. */
export class FixtureError extends Error {
  constructor(
    override readonly name: string,
    message: string,
    readonly code: unknown,
  ) {
    super(message);
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcessOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The network namespace to live in (Linux). Default: that of the test. */
  readonly netns?: string | undefined;
}

/** An operating-system process that runs a TypeScript fixture and executes the commands of a test. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  readonly #unguard: () => void;
  #questions = 0;
  #output = '';
  /** How the process ended. */
  readonly exited: Promise<Exit>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#unguard = guardAgainstOrphan(child.pid!);
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    child.on('message', (answer: Answer) => this.#onAnswer(answer));
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#unguard();
        this.#failAll(`ended (${signal ?? `code ${String(code)}`})`);
        resolve({ code, signal });
      });
    });
  }

  /**
   * Starts a fixture and waits until it serves.
   *
   * @param fixture Path of a TypeScript file that calls `serve`, from the folder `test/`.
   */
  static async start(
    fixture: string,
    { args = [], env = {}, netns }: NodeProcessOptions = {},
  ): Promise<NodeProcess> {
    const [execPath, ...execArgv] = [
      ...inNetwork(netns),
      process.execPath,
      '-r',
      join(__dirname, 'register.cjs'),
    ];
    const child = fork(join(__dirname, '..', fixture), [...args], {
      execPath,
      execArgv,
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const started = new NodeProcess(child);
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      void started.exited.then(() => reject(new Error(`${fixture} did not start:\n${started.output}`)));
    });
    return started;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Everything it has written to stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  /**
   * Runs a command of the fixture.
   *
   * @throws FixtureError if the command throws; Error if the process ends first.
   */
  ask(command: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = this.#questions++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#child.send({ id, command, args }, (error) => {
        if (error !== null) this.#failAll(`cannot be asked: ${error.message}`);
      });
    });
  }

  /** Sends a signal to the process. SIGKILL is a crash, SIGSTOP a freeze until SIGCONT. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it, if it has not ended yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.exited;
  }

  #onAnswer(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if ('error' in answer) {
      const { name, message, code } = answer.error;
      asked?.reject(new FixtureError(name, message, code));
    } else asked?.resolve(answer.result);
  }

  #failAll(why: string): void {
    for (const asked of this.#asked.values()) asked.reject(new Error(`The process ${why}:\n${this.#output}`));
    this.#asked.clear();
  }
}
