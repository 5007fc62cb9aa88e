import { monotonicMs } from './monotonic';
import { median } from './statistics';

/** What a fixture of the comparison does, whichever library it runs. Moments are those of {@link monotonicMs}. */
export interface Contender {
  /** Starts a node that answers `echo` or asks, or a bare one. Resolves once it is connected. */
  start(servers: string, name: string, answers: boolean): Promise<void>;
  /** Whether whoever answers `echo` is known here. */
  knowsEcho(): boolean;
  /** Whether a node of that name is known here. */
  knows(node: string): boolean;
  /** Registers under a key. @returns The moment before it did */
  register(key: string): number;
  /** Resolves with the moment in which this node saw what was registered elsewhere under the key. */
  seen(key: string): Promise<number>;
  unregister(key: string): void | Promise<void>;
  /** Resolves with the moment in which this node counted that node out. */
  gone(node: string): Promise<number>;
  /** Asks whoever answers `echo`, or `guarded`: the same behind a check of the caller, one of the payload, and code around the call. */
  ask(times: number, inFlight: number, handler: 'echo' | 'guarded'): Promise<Asked>;
  /** The processor time that the process has taken so far, in microseconds. */
  processorUs(): number;
}

/** What came of some questions. */
export interface Asked {
  /** Questions per second. */
  readonly rate: number;
  /** Median of the time that one question took. */
  readonly p50Us: number;
  /** How many answers were the right ones. */
  readonly right: number;
}

/** The processor time that this process has taken so far, in microseconds. */
export function processorUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Asks so many questions, some at a time, and takes the time of each. */
export async function questions(
  times: number,
  inFlight: number,
  echo: (payload: { question: number }) => Promise<{ question: number }>,
): Promise<Asked> {
  const took: number[] = [];
  let asked = 0;
  let right = 0;
  const from = performance.now();
  const asker = async (): Promise<void> => {
    while (asked < times) {
      const question = asked++;
      const before = performance.now();
      const answer = await echo({ question });
      took.push((performance.now() - before) * 1000);
      if (answer.question === question) right += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, times) }, asker));
  return { rate: (times / (performance.now() - from)) * 1000, p50Us: median(took), right };
}

/** When what happened, for those who ask before or after it did. */
export class Moments {
  readonly #happened = new Map<string, number>();
  readonly #waiting = new Map<string, (moment: number) => void>();

  /** It happens now. Only the first time counts. */
  note(what: string): void {
    if (this.#happened.has(what)) return;
    const moment = monotonicMs();
    this.#happened.set(what, moment);
    this.#waiting.get(what)?.(moment);
  }

  /** Resolves with the moment in which it happened. */
  async of(what: string): Promise<number> {
    return this.#happened.get(what) ?? (await new Promise((resolve) => this.#waiting.set(what, resolve)));
  }
}
