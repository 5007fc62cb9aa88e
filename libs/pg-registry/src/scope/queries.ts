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
import type { Entry, Row as TableRow, Table } from '../table';
import type { Key, Pid } from '../term';
import { describe, invalid } from './arguments';
import type { ScopeHost } from './host';
import { LiveQuery, type LiveChange } from './live-query';
import { RegistryMonitors } from './monitors';
import type { EntryOf, KeyOf, Row, ValueOf } from './row';

/** A spec, or a predicate on the entries of the rows `R`. */
export type Query<R extends Row> = Spec | Predicate<EntryOf<R>>;

/**
 * The queries: match specs and predicates over the entries of the whole cluster, and one that stays up to date.
 *
 * Synchronous, over a picture of one moment; results are the caller's own arrays, in no particular order unless said
 * otherwise. A pattern or spec is compiled and checked completely before any row is looked at. Throws in all of them:
 * `InvalidArgumentError` saying which clause, guard or pattern is wrong, `ScopeNotRunningError` while the scope is
 * stopped, and whatever a predicate throws.
 */
export abstract class RegistryQueries<R extends Row = Row> extends RegistryMonitors<R> {
  /** @internal What `self` and `node` mean in an expression. */
  protected readonly context: MatchContext = contextOf(this.host);

  /**
   * The entries of a key whose values match a pattern and pass the guards, in the order of {@link lookup}. O(entries of the
   * key). Mirrors `PgRegistry.match/4`.
   *
   * @param key Always literal.
   * @param pattern For the value; or a predicate on the entry.
   * @param guards Expressions over the pattern's variables; all must come to `true`.
   */
  match<const K extends KeyOf<R>>(
    key: K,
    pattern: Pattern | Predicate<Entry<K, ValueOf<R, K>>>,
    guards?: readonly Expression[],
  ): readonly Entry<K, ValueOf<R, K>>[];
  match(key: unknown, pattern: Pattern | Predicate<never>, guards?: readonly Expression[]): readonly Entry[] {
    return this.matchingRows(this.args.key(key), pattern, guards).map((row) => row.entry);
  }

  /** How many entries {@link match} would give. Mirrors `PgRegistry.count_match/4`. */
  countMatch<const K extends KeyOf<R>>(
    key: K,
    pattern: Pattern | Predicate<Entry<K, ValueOf<R, K>>>,
    guards?: readonly Expression[],
  ): number {
    return this.matchingRows(this.args.key(key), pattern, guards).length;
  }

  /**
   * What the spec makes of each entry that it matches: for each the body of the first matching clause, `EXIT` standing
   * where it fails; a predicate gives the entries. O(entries), or O(entries of the key or process) if the head names it.
   * Mirrors `PgRegistry.select/2`.
   */
  select(predicate: Predicate<EntryOf<R>>): EntryOf<R>[];
  select(spec: Spec): unknown[];
  select(query: Spec | Predicate<never>): unknown[] {
    const spec = compileSpec(query);
    const results: unknown[] = [];
    for (const rows of candidates(this.running().table, spec)) {
      for (const row of rows) {
        const result = spec.select(row, this.context);
        if (result !== NO_MATCH) results.push(result);
      }
    }
    return results;
  }

  /**
   * For how many entries the result is exactly `true`; with a predicate, how many it accepts. Costs as {@link select}.
   * Mirrors `PgRegistry.count_select/2`.
   */
  countSelect(query: Query<R>): number {
    const spec = compileSpec(query);
    const { table } = this.running();
    if (spec.sieveDecides) return spec.sieve!(table.pages()).length;
    let count = 0;
    for (const rows of candidates(table, spec)) {
      for (const row of rows) if (spec.counts(row, this.context)) count += 1;
    }
    return count;
  }

  /**
   * The entries under array keys that start with these elements, the array itself included: `['doc']` finds `['doc']` and
   * `['doc', 'a']`, not `'doc'`. Costs its answer, by an index.
   *
   * @throws InvalidArgumentError for something else than an array; InvalidValueError, ValueTooLargeError for elements that
   * cannot be keys.
   */
  selectPrefix(prefix: readonly Key[]): readonly EntryOf<R>[];
  selectPrefix(prefix: unknown): readonly Entry[] {
    const elements = this.args.key(prefix);
    if (!Array.isArray(elements))
      throw invalid(`A prefix is an array of key elements, not ${describe(prefix)}.`);
    return this.running().table.selectPrefix(elements);
  }

  /**
   * The result of a query, kept up to date. The first emission, synchronous, has all rows as `added`; each later one what
   * an operation changed, and there is none where it changed nothing. A change costs the evaluation of its own rows only.
   * Order, errors and the end are those of {@link monitor}; a predicate that throws ends the subscription with its error.
   */
  liveSelect(query: Query<R>): Observable<LiveChange<EntryOf<R>>>;
  liveSelect(query: Spec | Predicate<never>): Observable<LiveChange> {
    const spec = compileSpec(query);
    return this.observe((run) => new LiveQuery(spec, this.context, run.table));
  }

  /** @internal The rows of {@link match}, of all processes or of one. */
  protected matchingRows(
    key: Key,
    pattern: Pattern | Predicate<never>,
    guards: readonly Expression[] | undefined,
    pid?: Pid,
  ): readonly TableRow[] {
    const { matches } = compileMatch(pattern, guards);
    const { table } = this.running();
    const rows = pid === undefined ? table.rowsOf(key) : table.rowsOfProcess(key, pid);
    return rows.filter((row) => matches(row, this.context));
  }
}

function contextOf({ processes }: ScopeHost): MatchContext {
  return {
    get self() {
      return processes.self().pid;
    },
  };
}

/** Fewer pages than that are looked through sooner than sieved. */
const WORTH_SIEVING = 16;

/** The rows that can match, by the cheapest index, some in each array. */
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
  return sieve === undefined || pages.length < WORTH_SIEVING ? pages.map(({ rows }) => rows) : [sieve(pages)];
}
