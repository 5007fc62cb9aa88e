import { normalScopeOptions, type ScopeOptions } from './scope-options';
import type { Row } from './row-types';
import type { PgRegistryService } from './pg-registry-service';

declare const rows: unique symbol;

/** The options of a scope together with the types of its rows. Accepted wherever a scope's name is. */
export interface ScopeDefinition<R extends Row = Row> extends ScopeOptions {
  /** Carries the row types; exists at compile time only. */
  readonly [rows]?: R;
}

/** The service of a scope, typed by its definition: `RegistryOf<typeof docs>`. */
export type RegistryOf<D extends ScopeDefinition> =
  D extends ScopeDefinition<infer R> ? PgRegistryService<R> : never;

/**
 * Gives a scope's options the types of its rows, so that a wrong key or value does not compile.
 *
 * ```ts
 * const docs = defineScope<Row<readonly ['doc', string], Doc> | Row<'leader', null>>({ name: 'docs', keys: 'unique' });
 * constructor(@InjectRegistry(docs) private readonly registry: RegistryOf<typeof docs>) {}
 * ```
 *
 * @returns The options, checked and frozen; nothing is started. A definition with nothing but a name fits any options that the
 * scope is given elsewhere.
 * @throws InvalidOptionError if an option is unknown or wrong; InvalidArgumentError if there is no name.
 */
export function defineScope<R extends Row = Row>(options: string | ScopeOptions): ScopeDefinition<R> {
  const { name } = normalScopeOptions(options);
  return Object.freeze(typeof options === 'string' ? { name } : { ...options });
}
