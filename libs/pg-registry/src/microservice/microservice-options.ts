import { OptionChecks } from '../term';

/** How the application's handlers are offered. */
export interface PgRegistryMicroserviceOptions {
  /**
   * Queue group of handlers that name none by `@EventPattern(pattern, { queue })`: of all members of a group one gets each
   * event. Default: none, every node gets it.
   */
  readonly queue?: string;
  /** How long requests that are being handled may take when the strategy is closed. Default 10,000 ms. */
  readonly gracePeriodMs?: number;
}

/** Options with every default filled in. */
export interface NormalMicroserviceOptions {
  readonly queue: string | undefined;
  readonly gracePeriodMs: number;
}

const DEFAULT_GRACE_PERIOD_MS = 10_000;

const NAMES = ['queue', 'gracePeriodMs'];
const CHECKS: OptionChecks = new OptionChecks('Nothing was changed.', 'PgRegistryServer');

/**
 * Checks the options of the microservice strategy and fills in the defaults.
 *
 * @throws InvalidOptionError naming an unknown or wrong option and what is allowed.
 */
export function normalMicroserviceOptions(
  given: PgRegistryMicroserviceOptions = {},
): NormalMicroserviceOptions {
  CHECKS.names(given, NAMES);
  const { queue, gracePeriodMs = DEFAULT_GRACE_PERIOD_MS } = given;
  if (queue !== undefined && (typeof queue !== 'string' || queue === ''))
    throw CHECKS.error('queue', queue, 'the name of a queue group, a string that is not empty');
  CHECKS.wholeNumber('gracePeriodMs', gracePeriodMs, 0);
  return Object.freeze({ queue, gracePeriodMs });
}
