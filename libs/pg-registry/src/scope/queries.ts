import type { Observable } from 'rxjs';
import {
  compileMatch,
  compileSpec,
  NO_MATCH,
  type CompiledSpec,
  type Expression,
  type MatchContext,
  type Pattern,
  type Predicate,
  type Spec,
} from '../match';
import type { Processes } from '../lifetime';
import type { Entry, Row as TableRow, Table } from '../table';
import { describeValue, type Key, type Pid, isList } from '../term';
import { invalid, type ArgumentChecks } from './argument-checks';
import type { CurrentRun } from './current-run';
import { LiveQuery, type LiveChange } from './live-query';
import type { ScopeMonitors } from './scope-monitors';

type Guards = readonly Expression[] | undefined;

/** The queries of a {@link PgRegistryService}: match specs and predicates over the run's table. */
export class Queries {
  readonly #current: CurrentRun;
  readonly #checks: ArgumentChecks;
  readonly #monitors: ScopeMonitors;
  /** What `self` means in an expression. */
  readonly #context: MatchContext;

  constructor(current: CurrentRun, checks: ArgumentChecks, monitors: ScopeMonitors, processes: Processes) {
    this.#current = current;
    this.#checks = checks;
    this.#monitors = monitors;
    this.#context = {
      get self() {
        return processes.self().pid;
      },
    };
  }

  match(key: unknown, pattern: Pattern | Predicate<never>, guards: Guards): readonly Entry[] {
    return this.matchingRows(this.#checks.key(key), pattern, guards).map((row) => row.entry);
  }

  countMatch(key: unknown, pattern: Pattern | Predicate<never>, guards: Guards): number {
    return this.matchingRows(this.#checks.key(key), pattern, guards).length;
  }

  /** Returns the rows that match under a key, of all processes or of one. */
  matchingRows(
    key: Key,
    pattern: Pattern | Predicate<never>,
    guards: Guards,
    pid?: Pid,
  ): readonly TableRow[] {
    const { matches } = compileMatch(pattern, guards);
    const { table } = this.#current.require();
    const rows = pid === undefined ? table.rowsOf(key) : table.rowsOfProcess(key, pid);
    return rows.filter((row) => matches(row, this.#context));
  }

  select(query: Spec | Predicate<never>): unknown[] {
    const spec = compileSpec(query);
    const results: unknown[] = [];
    for (const rows of candidates(this.#current.require().table, spec)) {
      for (const row of rows) {
        const result = spec.select(row, this.#context);
        if (result !== NO_MATCH) results.push(result);
      }
    }
    return results;
  }

  countSelect(query: Spec | Predicate<never>): number {
    const spec = compileSpec(query);
    const { table } = this.#current.require();
    if (spec.sieveDecides) return spec.sieve!.count(table.pages());
    let count = 0;
    for (const rows of candidates(table, spec)) {
      for (const row of rows) if (spec.counts(row, this.#context)) count += 1;
    }
    return count;
  }

  selectPrefix(prefix: unknown): readonly Entry[] {
    const elements = this.#checks.key(prefix);
    if (!isList(elements))
      throw invalid(`A prefix must be an array of key elements (got ${describeValue(prefix)}).`);
    return this.#current.require().table.selectPrefix(elements);
  }

  liveSelect(query: Spec | Predicate<never>): Observable<LiveChange> {
    const spec = compileSpec(query);
    return this.#monitors.observe((run) => new LiveQuery(spec, this.#context, run.table));
  }
}

/** Below this many pages a plain loop is faster than the sieve. */
const WORTH_SIEVING = 16;

/** Returns the rows that can match, in several arrays, by the cheapest index. */
function candidates(
  table: Table,
  { literalKey, literalPid, sieve }: Pick<CompiledSpec, 'literalKey' | 'literalPid' | 'sieve'>,
): readonly (readonly TableRow[])[] {
  if (literalPid !== undefined) {
    const keys = literalKey === undefined ? table.keysOf(literalPid) : [literalKey];
    return keys.map((key) => table.rowsOfProcess(key, literalPid));
  }
  if (literalKey !== undefined) return [table.rowsOf(literalKey)];
  const pages = table.pages();
  return sieve === undefined || pages.length < WORTH_SIEVING
    ? pages.map(({ rows }) => rows)
    : [sieve.keep(pages)];
}
