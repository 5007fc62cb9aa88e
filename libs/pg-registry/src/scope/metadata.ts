import { describeValue, type Key, type Value, isList } from '../term';
import { invalid, type ArgumentChecks } from './argument-checks';
import type { CurrentRun } from './current-run';

/** A key of a scope's metadata. */
export type MetaKey = string | readonly Key[];

/** The metadata of a {@link PgRegistryService}: values of this node, kept by the run. */
export class Metadata {
  readonly #current: CurrentRun;
  readonly #checks: ArgumentChecks;

  constructor(current: CurrentRun, checks: ArgumentChecks) {
    this.#current = current;
    this.#checks = checks;
  }

  get(key: unknown): Value | undefined {
    const normal = this.#key(key);
    return this.#current.require().meta.get(normal);
  }

  has(key: unknown): boolean {
    const normal = this.#key(key);
    return this.#current.require().meta.has(normal);
  }

  put(key: unknown, value: unknown): void {
    const normal = this.#key(key);
    const stored = this.#checks.value(value);
    this.#current.require().meta.set(normal, stored);
  }

  delete(key: unknown): void {
    const normal = this.#key(key);
    this.#current.require().meta.delete(normal);
  }

  #key(key: unknown): Key {
    if (typeof key === 'string' || isList(key)) return this.#checks.key(key);
    throw invalid(`A metadata key must be a string or an array (got ${describeValue(key)}).`);
  }
}
