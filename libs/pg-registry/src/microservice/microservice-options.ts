import { OptionChecks } from '../term';

/** The options of `PgRegistryServer`. */
export interface PgRegistryMicroserviceOptions {
  /**
   * The queue group of event handlers without one of their own (`@EventPattern(pattern, { queue })`). One member of a group
   * gets each event. Default: none; every node gets each event.
   */
  readonly queue?: string;
  /** How long running requests may take after the server is closed. Default 10,000 ms. */
  readonly gracePeriodMs?: number;
}

/** Options of `PgRegistryServer` after the checks, with every default filled in. */
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
