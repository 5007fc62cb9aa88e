import { entity } from '../../../libs/pg-registry/src/entities';
import type { EntitiesConfig } from './entities-config';
import { type EntityJournal, nameOf } from './entity-journal';
import type { EntityNode } from './entity-node';

/** A call to an entity. */
interface EntityCall {
  readonly call: number;
  readonly from: EntityNode;
  readonly type: string;
  readonly key: string;
  /** When it ends at the latest. */
  readonly until: number;
  outcome: { readonly answer: unknown } | { readonly error: unknown } | undefined;
}

/** What the calls of a history need. */
export interface EntityCallsDeps {
  readonly now: () => number;
  readonly log: (line: string) => void;
  readonly fail: (what: string) => void;
  readonly journal: EntityJournal;
  readonly config: EntitiesConfig;
}

/** Errors that say that nothing was executed. */
const NOT_EXECUTED = new Set([
  'NOT_REGISTERED',
  'ENTITY_UNAVAILABLE',
  'ENTITY_ELSEWHERE',
  'MAILBOX_FULL',
  'LOCK_TIMEOUT',
]);
/** A call ends so long after its time limit at the latest, in milliseconds, unless its node stood still. */
const LATE_MS = 50;

/** The calls of one history, each with a number of its own, and what their outcomes promise. */
export class EntityCalls {
  /** Whether calls may not fail any more. */
  isSure = false;
  answered = 0;
  readonly #calls: EntityCall[] = [];
  readonly #deps: EntityCallsDeps;

  constructor(deps: EntityCallsDeps) {
    this.#deps = deps;
  }

  get made(): number {
    return this.#calls.length;
  }

  /** How many have not ended, of callers that run. */
  get open(): number {
    return this.#calls.filter(({ outcome, from }) => outcome === undefined && from.isAlive).length;
  }

  make(from: EntityNode, type: string, key: string, timeoutMs: number): void {
    const { now, config } = this.#deps;
    const call = this.#calls.length + 1;
    const made: EntityCall = { call, from, type, key, until: now() + timeoutMs, outcome: undefined };
    this.#calls.push(made);
    this.#deps.log(`${this.#nameOf(made)} is made`);
    const mayFail = !this.isSure && config.kind !== 'fair';
    from.node.processes.call(entity(type, key), 'add', call, { timeoutMs }).then(
      (answer) => this.#answered(made, answer),
      (error: unknown) => this.#failed(made, error, mayFail),
    );
  }

  /** The calls of a key that were executed, in the order of their numbers. */
  executedOf(type: string, key: string): readonly number[] {
    const { journal } = this.#deps;
    return this.#calls
      .filter((made) => made.type === type && made.key === key && journal.executorOf(made.call) !== undefined)
      .map(({ call }) => call);
  }

  /** Every call has ended, unless its caller is gone. */
  checkSettled(): void {
    const { now, fail } = this.#deps;
    const open = this.#calls.find(
      ({ outcome, from, until }) => outcome === undefined && from.isAlive && now() > until + LATE_MS,
    );
    if (open !== undefined) fail(`5: ${this.#nameOf(open)} has not ended`);
  }

  /** What was said not to be executed was not, later either. */
  checkEnds(): void {
    const { journal, fail } = this.#deps;
    for (const made of this.#calls) {
      const { outcome, call } = made;
      if (outcome === undefined || 'answer' in outcome) continue;
      const executor = journal.executorOf(call);
      if (executor !== undefined && saysNotExecuted(outcome.error))
        fail(
          `2: ${this.#nameOf(made)} failed with ${String(outcome.error)}, but ${nameOf(executor)} executed it`,
        );
    }
  }

  #answered(made: EntityCall, answer: unknown): void {
    made.outcome = { answer };
    this.answered += 1;
    const { journal, fail } = this.#deps;
    if (journal.executorOf(made.call) === undefined)
      fail(`2: ${this.#nameOf(made)} was answered, and nobody executed it`);
  }

  #failed(made: EntityCall, error: unknown, mayFail: boolean): void {
    made.outcome = { error };
    const { now, log, fail } = this.#deps;
    const what = `${this.#nameOf(made)} failed: ${String(error).slice(0, 300)}`;
    log(what);
    if (isNamedElsewhere(error) && made.from.isRunning && now() < made.until - 1)
      fail(`5: ${what}, before its time limit`);
    if (!mayFail && made.from.isRunning && !this.#isFull(error)) fail(`${this.isSure ? 5 : 8}: ${what}`);
    if (
      now() > made.until + LATE_MS &&
      made.from.loop.pausedAt === Infinity &&
      this.#deps.config.kind !== 'faulty'
    )
      fail(`5: ${what}, after its time limit`);
  }

  /** Whether all nodes have as many entities as they may. */
  #isFull(error: unknown): boolean {
    const { code }: { code?: unknown } = Object(error);
    const isLimited = Object.values(this.#deps.config.types).some(
      ({ maxPerNode }) => maxPerNode !== undefined,
    );
    return isLimited && (code === 'ENTITY_ELSEWHERE' || code === 'NOT_REGISTERED');
  }

  #nameOf({ call, from, type, key }: EntityCall): string {
    return `call ${call} from ${from.name} to ${type} ${key}`;
  }
}

/** Whether a call was sent from node to node in vain, which may change. */
function isNamedElsewhere(error: unknown): boolean {
  const { code, pid }: { code?: unknown; pid?: unknown } = Object(error);
  return code === 'ENTITY_ELSEWHERE' && pid !== undefined;
}

function saysNotExecuted(error: unknown): boolean {
  const { code, mayHaveExecuted }: { code?: unknown; mayHaveExecuted?: unknown } = Object(error);
  if (code === 'NODE_DOWN' || code === 'PROCESS_EXITED') return mayHaveExecuted === false;
  return (typeof code === 'string' && NOT_EXECUTED.has(code)) || String(error).includes('The start fails.');
}
