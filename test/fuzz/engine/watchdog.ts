import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodeInput, type Input } from './input';

const FOLDER = join(__dirname, '..');
/** More than any input takes, even with counters and on a busy machine. */
const MOST_MS = 20_000;
const MOST_BYTES = 2 ** 24;

/** Ends the process when one input does not end, and saves that input as a finding. */
export class Watchdog {
  /** A number that is odd while an input runs, and how many bytes the input takes. */
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #text = new Uint8Array(new SharedArrayBuffer(MOST_BYTES));
  readonly #worker: Worker;

  constructor() {
    const workerData = { state: this.#state, text: this.#text, mostMs: MOST_MS, folder: FOLDER };
    this.#worker = new Worker(join(__dirname, 'watchdog-thread.cjs'), { workerData, execArgv: [] });
    this.#worker.unref();
  }

  /** An input begins to run. */
  begin(target: string, input: Input): void {
    const { written } = new TextEncoder().encodeInto(
      JSON.stringify({ target, input: encodeInput(input) }),
      this.#text,
    );
    Atomics.store(this.#state, 1, written);
    Atomics.add(this.#state, 0, 1);
  }

  /** It has ended. */
  end(): void {
    Atomics.add(this.#state, 0, 1);
  }

  close(): void {
    void this.#worker.terminate();
  }
}
