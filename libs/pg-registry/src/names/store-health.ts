import type { StoreBreak } from './lease/store-requests';

/** How long the store counts as troubled after it did not answer, in milliseconds. */
const TROUBLE_MS = 5000;

/** What {@link StoreHealth} needs. */
export interface StoreHealthDeps {
  readonly node: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long names are still refused, in milliseconds. */
  readonly refusedForMs: () => number;
  /** Which store it is. */
  readonly place: () => string | undefined;
  readonly onWarning: (kind: string, message: string) => void;
  readonly onError: (kind: string, message: string) => void;
}

/** What this node knows to be wrong with the store of cluster names. */
export class StoreHealth {
  /** While there is no connection, the node itself says so. */
  isConnected = false;
  readonly #deps: StoreHealthDeps;
  #trouble: { readonly reason: string; readonly at: number } | undefined;

  constructor(deps: StoreHealthDeps) {
    this.#deps = deps;
  }

  /** What is wrong, as a part of a sentence; undefined: nothing is known to be. */
  get problem(): string | undefined {
    const refusedForMs = this.#deps.refusedForMs();
    if (refusedForMs > 0)
      return `the store of cluster names has lost records; names are refused for ${Math.ceil(refusedForMs / 1000)} s`;
    if (this.#trouble === undefined || this.#deps.now() - this.#trouble.at > TROUBLE_MS) return undefined;
    return `the store of cluster names: ${this.#trouble.reason}`;
  }

  /** The store has done what it was asked for. */
  works(): void {
    this.#trouble = undefined;
  }

  /** The store refuses what it was asked for. */
  refuses(reason: string): void {
    this.#trouble = { reason, at: this.#deps.now() };
  }

  /** The store did not answer. */
  silent(reason: string): void {
    this.refuses(reason);
    if (this.isConnected)
      this.#deps.onWarning(
        'names',
        `The store of cluster names does not answer: ${reason} It is asked again.`,
      );
  }

  /** The store has broken what it promises. */
  broke(kind: StoreBreak, refusedForMs: number): void {
    const { node, place, onError } = this.#deps;
    const what = kind === 'remade' ? 'was made anew' : 'has lost writes that it had acknowledged';
    onError(
      'names-store',
      `The store of cluster names (${place() ?? 'unknown'}) ${what}. Node '${node}' has ended all its claims, and refuses names for ` +
        `${Math.ceil(refusedForMs / 1000)} s. If it was restored from a backup, tokens of before may come again.`,
    );
  }
}
