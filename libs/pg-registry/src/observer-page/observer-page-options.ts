import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import type { ObserverAction } from '../observer';
import { OptionChecks } from '../term';

/** Options of `PgRegistryObserverModule.forRoot`. */
export interface ObserverPageOptions {
  /** Where the page is, below a global prefix if there is one. Default `'pg-registry'`. */
  readonly path?: string;
  /**
   * Who may look: guards of Nest, as for `@UseGuards`. They stand before the page, its files, the facts, the events and the actions. A browser
   * sends no bearer token when it opens a page, so they must go by a cookie, Basic authentication or a client's certificate. Whoever passes them
   * sees keys and values of all scopes.
   */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Modules that export what the guards inject. */
  readonly imports?: ModuleMetadata['imports'];
  /**
   * What may be done from the page. The node of the page then does it; another node must allow it itself, by its option
   * `observer: { allow }`. Each is logged with who did it. Default: nothing.
   */
  readonly allow?: readonly ObserverAction[];
  /** True: everybody who reaches the port may look, without guards. */
  readonly open?: boolean;
}

/** Options of the page after the checks. */
export interface NormalPageOptions {
  readonly path: string;
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  readonly allow: readonly ObserverAction[];
}

const CHECKS: OptionChecks = new OptionChecks('Nothing was started.', 'PgRegistryObserverModule');
const ACTIONS: readonly ObserverAction[] = ['call', 'drain', 'stop'];
const DEFAULT_PATH = 'pg-registry';
/** What any router takes for text. */
const PATH = /^\/?[\w.~-]+(?:\/[\w.~-]+)*\/?$/;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws InvalidOptionError
 */
export function normalPageOptions(given: ObserverPageOptions): NormalPageOptions {
  CHECKS.names(given, ['path', 'guards', 'imports', 'allow', 'open']);
  const { path = DEFAULT_PATH, guards = [], imports = [], allow = [], open = false } = given;
  if (typeof path !== 'string' || path.length > 200 || !PATH.test(path))
    throw CHECKS.error('path', path, 'a path of letters, digits and -._~, such as ops/registry');
  CHECKS.list('guards', guards, 'a list of guards');
  CHECKS.list('imports', imports, 'a list of modules');
  CHECKS.list('allow', allow, "a list of 'call', 'drain' and 'stop'");
  for (const action of allow) CHECKS.oneOf('allow', action, ACTIONS);
  CHECKS.boolean('open', open);
  if (guards.some((guard) => guard === undefined || guard === null))
    throw CHECKS.error(
      'guards',
      guards,
      'a list of guards',
      'One of them is undefined: is there an import cycle?',
    );
  if (guards.length === 0 && !open) {
    throw CHECKS.error(
      'guards',
      given.guards,
      'a list of at least one guard',
      'The page shows keys and values of the whole cluster. To show them to everybody who reaches the port, set open: true.',
    );
  }
  return { path: path.replaceAll(/^\/|\/$/g, ''), guards, imports, allow };
}
