import type { ChangeCount } from '../scope';
import type { ChangeFact } from './facts';

/** Changes of a scope that were only counted. */
interface Omission {
  readonly scope: string;
  /** The number of the first of them. */
  readonly number: number;
  /** How many changes had been kept before it. */
  readonly place: number;
  /** When the turns of the event loop began in which the first and the last of them were written. */
  readonly from: number;
  until: number;
  /** How many there are. */
  changes: number;
}

/** Where a journal is when it leaves something out. */
export interface OmissionPlace {
  /** How many changes it has kept, and how many other things have happened. */
  readonly kept: number;
  readonly notes: number;
  /** When the turn of the event loop began. */
  readonly at: number;
}

/** What a journal has left out, because there was too much of it: of each scope how many changes, and when. */
export class Omissions {
  #all: Omission[] = [];
  /** Those of the current second. */
  readonly #current = new Map<string, Omission>();
  /** How many changes those had that are forgotten. */
  #forgotten = 0;
  /** The counts of the running scopes, and how much of each is not left out, or counted here already. */
  readonly #counts = new Map<ChangeCount, number>();

  /** How many changes were left out since the journal began. */
  get count(): number {
    return this.#all.reduce((sum, { changes }) => sum + changes, this.#forgotten);
  }

  /** A scope begins to run. */
  begin(count: ChangeCount): void {
    this.#counts.set(count, count.changes);
  }

  /** A scope runs no more. */
  end(count: ChangeCount): void {
    this.#counts.delete(count);
  }

  /** From now on the changes of all scopes are left out. */
  beginAll(): void {
    for (const count of this.#counts.keys()) this.#counts.set(count, count.changes);
  }

  /** Adds what the scopes have changed since all is left out, or since this was called. */
  addAll(place: OmissionPlace): void {
    for (const [count, known] of this.#counts) {
      if (count.changes === known) continue;
      this.add(count.scope, count.changes - known, place);
      this.#counts.set(count, count.changes);
    }
  }

  /** Adds changes of a scope. */
  add(scope: string, changes: number, { kept, notes, at }: OmissionPlace): void {
    const known = this.#current.get(scope);
    if (known !== undefined) {
      known.until = at;
      known.changes += changes;
      return;
    }
    const number = kept + notes + this.count + 1;
    const omission = { scope, number, place: kept, from: at, until: at, changes };
    this.#current.set(scope, omission);
    this.#all.push(omission);
  }

  /** Changes are kept again. @param oldest How many changes had been kept before the oldest one that is still remembered */
  endAll(oldest: number): void {
    this.#current.clear();
    for (const { place, changes } of this.#all) if (place <= oldest) this.#forgotten += changes;
    this.#all = this.#all.filter(({ place }) => place > oldest);
  }

  /** What was left out after the oldest change that is remembered: of a scope, or of all. */
  facts(oldest: number, scope: string | undefined): readonly ChangeFact[] {
    return this.#all
      .filter((omission) => omission.place > oldest && (scope === undefined || omission.scope === scope))
      .map(factOf);
  }
}

function factOf({ scope, number, from, until, changes }: Omission): ChangeFact {
  const what = changes === 1 ? '1 change' : `${changes} changes`;
  const when = until > from ? `within ${Math.round(until - from)} ms` : 'at once';
  return {
    number,
    at: from,
    type: 'omitted',
    scope,
    key: undefined,
    keyText: '',
    pid: '',
    node: '',
    entries: changes,
    revision: 0,
    cause: `${what} ${when} ${changes === 1 ? 'was' : 'were'} too many to keep`,
  };
}
