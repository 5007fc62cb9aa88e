import { OptionChecks } from '../term';

/** What somebody who looks into a cluster may do beside looking. */
export type ObserverAction = 'call' | 'drain' | 'stop';

/** How a node lets others look into it. */
export interface ObserverOptions {
  /**
   * How many changes of entries the node remembers, with cause and time: `explain` shows them. Of those beyond 100,000 in a second, or beyond
   * this number if it is larger, it remembers only how many there were. 0 turns that off, and costs nothing then. Default 10,000.
   */
  readonly journal?: number;
  /** The version of the application, as operators see it. Default: the environment variable `npm_package_version`. */
  readonly version?: string;
  /**
   * What the node does for those who look into it: `call` a process on their behalf, `drain` itself, `stop` one of its processes. They need
   * the broker's permission, too: `observerPermissionsOf(namespace, name, { act: true })`. Default: nothing.
   */
  readonly allow?: readonly ObserverAction[];
}

/** Options of the observer after the checks. */
export type NormalObserverOptions = Required<ObserverOptions>;

const CHECKS: OptionChecks = new OptionChecks('Nothing was started.');
const ACTIONS: readonly ObserverAction[] = ['call', 'drain', 'stop'];
const DEFAULT_JOURNAL = 10_000;
const MOST_JOURNAL = 10_000_000;
const LONGEST_VERSION = 100;

/**
 * Checks the option `observer` and fills in the defaults.
 *
 * @param given False: nobody can look into the node.
 * @throws InvalidOptionError
 */
export function normalObserverOptions(given: false | ObserverOptions = {}): false | NormalObserverOptions {
  if (given === false) return false;
  CHECKS.names(given, ['journal', 'version', 'allow']);
  const { journal = DEFAULT_JOURNAL, version = process.env['npm_package_version'] ?? '', allow = [] } = given;
  CHECKS.wholeNumber('observer.journal', journal, 0, MOST_JOURNAL);
  if (typeof version !== 'string' || version.length > LONGEST_VERSION)
    throw CHECKS.error('observer.version', version, `a text of at most ${LONGEST_VERSION} characters`);
  CHECKS.list('observer.allow', allow, "a list of 'call', 'drain' and 'stop'");
  for (const action of allow) CHECKS.oneOf('observer.allow', action, ACTIONS);
  return Object.freeze({ journal, version, allow: Object.freeze([...allow]) });
}
