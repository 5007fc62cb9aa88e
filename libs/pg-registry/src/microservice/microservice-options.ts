import { InvalidOptionError } from '../term';

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

/** @throws InvalidOptionError naming the offender. */
export function normalMicroserviceOptions(
  given: PgRegistryMicroserviceOptions = {},
): NormalMicroserviceOptions {
  const { queue, gracePeriodMs = DEFAULT_GRACE_PERIOD_MS, ...others } = given;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new InvalidOptionError(`Unknown option '${unknown}'; valid are queue and gracePeriodMs.`, {
      option: unknown,
    });
  if (queue !== undefined && (typeof queue !== 'string' || queue === ''))
    throw new InvalidOptionError("Option 'queue' is the name of a group: a string that is not empty.", {
      option: 'queue',
    });
  if (!Number.isSafeInteger(gracePeriodMs) || gracePeriodMs < 0)
    throw new InvalidOptionError("Option 'gracePeriodMs' is a whole number of at least 0.", {
      option: 'gracePeriodMs',
    });
  return Object.freeze({ queue, gracePeriodMs });
}
