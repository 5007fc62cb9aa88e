import type { ScopeHost } from './host';
import type { Row } from './row';
import type { Scope } from './scope';

/** The registry of one scope; `R` is the union of its rows. */
export declare class PgRegistryService<R extends Row = Row> {
  constructor(scope: string, host: ScopeHost);
  readonly scope: string;
  readonly keysMode: 'duplicate' | 'unique';
  /** @internal Makes `scope` the run that this service speaks to. */
  attach(scope: Scope): void;
}
