import { SeededRandom } from '../../support/seeded-random';
import { Corpus } from './corpus';
import { Executor, kindOfFault, textOf } from './executor';
import { FieldFinder } from './fields';
import type { ReadBody } from './body-mutation';
import type { Input, Message } from './input';
import { minimise } from './minimise';
import { mutate, readBody, type ReadInput } from './mutation';
import type { Target } from './target';

/** An input that broke a promise, made as small as possible. */
export interface Found {
  readonly target: Target;
  readonly fault: string;
  readonly input: Input;
}

/** What is known of one target. */
export interface Progress {
  readonly target: Target;
  readonly corpus: Corpus;
  executions: number;
}

/** What a {@link Fuzzer} is given. */
export interface FuzzerDeps {
  readonly targets: readonly Target[];
  readonly seed: number;
  /** The inputs that were kept of a target in earlier runs. */
  readonly keptOf: (target: Target) => readonly Input[];
  readonly onFound: (found: Found) => void;
}

/** How many executions a target has before the next one has its turn. */
const EXECUTIONS_IN_A_ROW = 64;

/**
 * Searches for inputs that break a promise. It changes inputs that taught something, runs what results, and keeps what covers new blocks,
 * the same blocks much more often, or costs more for its size than anything before. With the same seed, corpus and code it does the same again.
 */
export class Fuzzer {
  readonly progress: readonly Progress[];
  readonly #random: SeededRandom;
  readonly #executor = new Executor();
  readonly #fields = new FieldFinder();
  readonly #known = new Set<string>();
  readonly #deps: FuzzerDeps;

  constructor(deps: FuzzerDeps) {
    this.#deps = deps;
    this.#random = new SeededRandom(deps.seed);
    this.progress = deps.targets.map((target) => ({ target, corpus: new Corpus(), executions: 0 }));
  }

  /** Runs all that was kept, and the seeds. */
  async begin(): Promise<void> {
    for (const progress of this.progress) {
      const { target } = progress;
      // The first run of a module's code prepares things that are there from then on, so its counts say nothing.
      const [first] = target.seeds();
      await this.#executor.run(target, first);
      for (const input of [...target.seeds(), ...this.#deps.keptOf(target)]) await this.#try(progress, input);
    }
  }

  /** Goes on until `isOver`, which is asked before each execution. */
  async search(isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      const progress = this.progress[turn % this.progress.length];
      for (let runs = 0; runs < EXECUTIONS_IN_A_ROW && !isOver(); runs += 1) {
        const { corpus, target } = progress;
        const input = mutate(corpus.choose(this.#random), corpus.choose(this.#random), target, this.#random);
        await this.#try(progress, input);
      }
    }
  }

  /** Runs one input. @returns The fault, as text; undefined if there is none */
  async replay(target: Target, input: Input): Promise<string | undefined> {
    const { fault } = await this.#executor.run(target, input);
    return fault === undefined ? undefined : textOf(fault);
  }

  /** Gives the thread back as it was. */
  close(): void {
    this.#executor.close();
    this.#fields.restore();
  }

  async #try(progress: Progress, input: Input): Promise<void> {
    const { target, corpus } = progress;
    progress.executions += 1;
    const outcome = await this.#executor.run(target, input);
    if (outcome.fault !== undefined) return this.#found(target, input, outcome.fault);
    if (corpus.size === 0 || corpus.isNews(outcome)) corpus.add(this.#read(target, input), outcome);
  }

  #read(target: Target, input: Input): ReadInput {
    return { input, fields: input.map((message) => this.#fields.fieldsOf(message, target)) };
  }

  async #found(target: Target, input: Input, fault: unknown): Promise<void> {
    const kind = kindOfFault(fault);
    if (this.#known.has(kind)) return;
    this.#known.add(kind);
    const isSame = async (candidate: Input): Promise<boolean> =>
      kindOfFault((await this.#executor.run(target, candidate)).fault) === kind;
    const read = (message: Message): ReadBody =>
      readBody({ message, fields: this.#fields.fieldsOf(message, target) }, target);
    const small = await minimise(input, read, isSame);
    const { fault: last = fault } = await this.#executor.run(target, small);
    this.#deps.onFound({ target, fault: textOf(last), input: small });
  }
}
