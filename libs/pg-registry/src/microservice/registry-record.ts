import type { CallHeaders } from '../calls';

/**
 * A payload with headers: `client.send('sum', new RegistryRecord([1, 2], { tenant: 'a' }))`. The handler gets the payload as
 * usual, and reads the headers by `@Ctx() context: RegistryContext`. The counterpart of Nest's `NatsRecord`.
 */
export class RegistryRecord<T = unknown> {
  /**
   * @param data The payload.
   * @param headers Short strings beside it.
   */
  constructor(
    /** The payload. */
    readonly data: T,
    /** Short strings beside the payload. */
    readonly headers: CallHeaders,
  ) {}
}
