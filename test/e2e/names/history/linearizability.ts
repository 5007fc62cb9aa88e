/**
 * What one call did to one key, as its caller saw it. A call takes effect at one moment between its beginning and its end, or, if its
 * outcome is unknown, at any moment after its beginning or never.
 */
export type KeyOperation =
  /** Took the key. Without `token`: nobody knows whether it did. */
  | { readonly type: 'claim'; readonly token?: number }
  /** Found the key held by another. */
  | { readonly type: 'busy' }
  /** Gave the key back, if it was held with this token. */
  | { readonly type: 'release'; readonly token: number }
  /** Wrote a new value under this token. */
  | { readonly type: 'update'; readonly token: number }
  /** Asked for the holder. Without `token`: there is none, or its session is over. */
  | { readonly type: 'holder'; readonly token?: number };

/** One operation with its times, on a clock that all processes share. */
export interface RecordedOperation {
  readonly operation: KeyOperation;
  readonly begin: number;
  /** Infinity: its end was not seen, and it may have had no effect. */
  readonly end: number;
}

/** A moment from which the key may be lost by its holder: its process was killed or stalled. */
export interface Fault {
  /** The token of the holder, or the claim of unknown outcome by which it may hold the key. */
  readonly holder: number | RecordedOperation;
  readonly at: number;
}

/** Who holds the key: a token, and of a claim of unknown outcome also the claim, whose token is not known until somebody has seen it. */
interface Holding {
  readonly token?: number;
  readonly claim?: RecordedOperation;
}

interface State {
  readonly holder: Holding | undefined;
  readonly highest: number;
}

/** What can happen next: an operation, or the end of a session. */
type Step = { readonly operation: RecordedOperation } | { readonly fault: Fault };

/**
 * Whether the operations on one key can have taken effect one after the other, each between its beginning and its end, so that one process
 * at a time holds the key and tokens rise: linearizability, by the search of Wing and Gong (1993) with the memory of Lowe (2017).
 *
 * Exponential in the operations that overlap, linear in those that do not.
 *
 * @param faults From when a holder may lose the key without giving it back. Any other loss is a violation.
 */
export function isLinearizable(
  operations: readonly RecordedOperation[],
  faults: readonly Fault[] = [],
): boolean {
  const ordered = operations.toSorted((a, b) => a.begin - b.begin);
  const tried = new Set<string>();

  const search = (done: bigint, state: State): boolean => {
    const left = ordered.flatMap((_, index) => (((done >> BigInt(index)) & 1n) === 0n ? [index] : []));
    const firstEnd = left.reduce((first, index) => Math.min(first, ordered[index].end), Infinity);
    if (firstEnd === Infinity) return true;
    const name = `${done.toString(36)} ${nameOf(state.holder, ordered)} ${state.highest}`;
    if (tried.has(name)) return false;
    tried.add(name);
    for (const index of left) {
      const operation = ordered[index];
      if (operation.begin > firstEnd) break;
      const next = after(state, { operation }, faults);
      if (next !== undefined && search(done | (1n << BigInt(index)), next)) return true;
    }
    return faults.some((fault) => {
      const next = fault.at <= firstEnd ? after(state, { fault }, faults) : undefined;
      return next !== undefined && search(done, next);
    });
  };
  return search(0n, { holder: undefined, highest: 0 });
}

/** The state after a step; undefined: the step is not possible there. */
function after(state: State, step: Step, faults: readonly Fault[]): State | undefined {
  const { holder, highest } = state;
  if ('fault' in step) return isLostBy(step.fault, holder) ? { holder: undefined, highest } : undefined;
  const { operation } = step.operation;
  switch (operation.type) {
    case 'claim': {
      const { token } = operation;
      if (holder !== undefined) return undefined;
      if (token === undefined) return { holder: { claim: step.operation }, highest };
      return token > highest ? { holder: { token }, highest: token } : undefined;
    }
    case 'busy':
      return holder === undefined ? undefined : state;
    case 'release':
      return holder?.token === operation.token ? { holder: undefined, highest } : state;
    case 'update':
      return holder?.token === operation.token ? state : undefined;
    case 'holder':
    default:
      return afterHolder(state, operation.token, faults);
  }
}

/** Somebody saw the holder, or that there is none. */
function afterHolder(state: State, token: number | undefined, faults: readonly Fault[]): State | undefined {
  const { holder, highest } = state;
  if (token === undefined)
    return holder === undefined || faults.some((fault) => isLostBy(fault, holder)) ? state : undefined;
  if (holder === undefined) return undefined;
  if (holder.token !== undefined) return holder.token === token ? state : undefined;
  return token > highest ? { holder: { ...holder, token }, highest: token } : undefined;
}

function isLostBy({ holder: lost }: Fault, holder: Holding | undefined): boolean {
  return holder !== undefined && (typeof lost === 'number' ? holder.token === lost : holder.claim === lost);
}

function nameOf(holder: Holding | undefined, ordered: readonly RecordedOperation[]): string {
  if (holder === undefined) return 'nobody';
  return `${String(holder.token)} ${holder.claim === undefined ? '' : ordered.indexOf(holder.claim)}`;
}
