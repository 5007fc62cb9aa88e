import { orElse, Pid } from '../term';

/** The default reason of an exit, as in Erlang. */
export const NORMAL = 'normal';

/**
 * A process of this node: a lifetime with an address. It runs no code of its own; everything that is registered, monitored or
 * mounted for it is removed when it ends. Made by `ProcessService.spawn` and `start`. Mirrors an Erlang process without its loop.
 */
export class LocalProcess implements Disposable {
  /** Its address, valid on every node. */
  readonly pid: Pid;
  /** A word for logs and monitors; the library never reads it. */
  readonly label: string | undefined;
  readonly #end: (process: LocalProcess, reason: unknown) => void;
  #alive = true;
  #reason: unknown;
  #exited: { readonly promise: Promise<unknown>; resolve(reason: unknown): void } | undefined;

  /** @internal `end` is called once, in the turn of the exit, when the process already counts as ended. */
  constructor(pid: Pid, label: string | undefined, end: (process: LocalProcess, reason: unknown) => void) {
    this.pid = pid;
    this.label = label;
    this.#end = end;
  }

  /** Whether the process has not ended yet. Mirrors `Process.alive?/1`. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Why the process ended; undefined while it lives. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Resolves with the reason of the end, after the exit hooks of the node have run. Never rejects. */
  get exited(): Promise<unknown> {
    if (this.#exited === undefined) {
      let resolve!: (reason: unknown) => void;
      this.#exited = { promise: new Promise((settle) => (resolve = settle)), resolve };
      if (!this.#alive) resolve(this.#reason);
    }
    return this.#exited.promise;
  }

  /**
   * Ends the process in this turn: entries, monitors and owned processes of this node are gone when the call returns.
   * Only the first call has an effect. Mirrors `exit(Pid, Reason)`.
   *
   * @param reason What monitors are told; `'normal'` unless given.
   */
  exit(reason: unknown = NORMAL): void {
    if (!this.#alive) return;
    this.#alive = false;
    // A promise would adopt a thenable reason, wait for it and perhaps reject, also where reading `then` throws: a text stands for it.
    this.#reason = thenOf(reason) === 'nothing' ? reason : tagOf(reason);
    this.#end(this, this.#reason);
    this.#exited?.resolve(this.#reason);
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const state = this.#alive ? 'alive' : 'ended';
    return `LocalProcess ${this.pid} (${this.label === undefined ? state : `${this.label}, ${state}`})`;
  }

  /** Ends the process normally at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.exit();
  }
}

/** What `await` would find on a value: it waits for one that is callable. Unreadable is an object that does not let itself be asked. */
export function thenOf(value: unknown): 'nothing' | 'callable' | 'unreadable' {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return 'nothing';
  try {
    return 'then' in value && typeof value.then === 'function' ? 'callable' : 'nothing';
  } catch {
    return 'unreadable';
  }
}

function tagOf(reason: unknown): string {
  return orElse(() => Object.prototype.toString.call(reason), 'a reason that cannot be read');
}
