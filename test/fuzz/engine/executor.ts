import { BlockCounts } from './block-counts';
import { BuiltinCosts } from './builtin-costs';
import type { Execution } from './corpus';
import { type Input, sizeOf } from './input';
import { Fault, type Target } from './target';
import { Watchdog } from './watchdog';

/** Processor time within which every input must be done, even with counters and on a busy machine. The promise is 50 ms. */
const MOST_MS = 1000;

/** How an execution ended. */
export interface Outcome extends Execution {
  /** What was thrown, if the input broke a promise. */
  readonly fault: unknown;
}

/** Runs inputs and counts what they cost. There is one for the thread: it stands in the built-in classes. */
export class Executor {
  readonly #blocks = new BlockCounts();
  readonly #builtins = new BuiltinCosts();
  readonly #watchdog = new Watchdog();
  #rejection: { readonly reason: unknown } | undefined;
  readonly #onRejection = (reason: unknown): void => {
    this.#rejection = { reason };
  };

  constructor() {
    process.on('unhandledRejection', this.#onRejection);
    process.on('uncaughtException', this.#onRejection);
  }

  /** Runs an input. Never throws. */
  async run(target: Target, input: Input): Promise<Outcome> {
    let begun = process.cpuUsage();
    const start = (): void => {
      this.#blocks.reset();
      this.#builtins.start();
      begun = process.cpuUsage();
    };
    this.#watchdog.begin(target.name, input);
    start();
    let fault: unknown;
    try {
      await target.run(input, start);
    } catch (error) {
      fault = error ?? new Fault('Nothing was thrown.');
    }
    this.#builtins.stop();
    this.#watchdog.end();
    const { user } = process.cpuUsage(begun);
    const cost = this.#blocks.total + this.#builtins.total;
    const features = this.#blocks.features(sizeOf(input));
    fault ??= this.#rejectionOf();
    fault ??= this.#costFault(target, input, cost, user / 1000);
    return { fault, features, share: cost / target.bound(input) };
  }

  /** Gives the thread back as it was. */
  close(): void {
    this.#builtins.restore();
    this.#watchdog.close();
    process.off('unhandledRejection', this.#onRejection);
    process.off('uncaughtException', this.#onRejection);
  }

  #rejectionOf(): unknown {
    const rejection = this.#rejection;
    this.#rejection = undefined;
    if (rejection === undefined) return undefined;
    return new Fault(`Nobody handled a rejection or exception: ${textOf(rejection.reason)}`, {
      cause: rejection.reason,
    });
  }

  #costFault({ bound }: Pick<Target, 'bound'>, input: Input, cost: number, ms: number): Fault | undefined {
    const allowed = bound(input);
    if (cost > allowed) {
      const where = this.#blocks.hottest(4).join(', ');
      return new Fault(
        `costs ${cost} blocks where ${allowed} are allowed for ${sizeOf(input)} bytes; most in ${where}`,
      );
    }
    if (ms <= MOST_MS) return undefined;
    return new Fault(
      `takes ${Math.round(ms)} ms of processor time for ${sizeOf(input)} bytes and ${cost} blocks`,
    );
  }
}

/** What was thrown as text, whatever it is. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return 'something that cannot be read';
  }
}

/** What makes two faults the same for a reader: the text without its numbers, and where it was thrown. */
export function kindOfFault(fault: unknown): string {
  const text = textOf(fault)
    .replace(/(; most in [^:]*).*/s, '$1')
    .replaceAll(/'[^']*'|"[^"]*"/g, '…')
    .replaceAll(/[0-9a-f]{16}|\d+/g, 'N');
  if (fault instanceof Fault) return text.slice(0, 120);
  const stack = fault instanceof Error ? (fault.stack ?? '') : '';
  const [place = ''] = /pg-registry\/src\/[^):]+/.exec(stack) ?? [];
  return `${text.slice(0, 120)} ${place}`;
}
