import { type ArgumentsHost, Catch, HttpException, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { type Observable, throwError } from 'rxjs';
import { InvalidOptionError, RemoteError } from '../term';

/** The context of Nest's own lines about errors. */
const LOGGER = new Logger('ExceptionsHandler');

/**
 * Answers a browser with what a handler on any node said in its `HttpException`: the same status and the same fields, such as the messages of
 * a `ValidationPipe`. Without this filter Nest answers with the same status and the message alone.
 *
 * A status of 500 or more is logged, one below is not. An error without a status is a 500, as without the filter. In handlers of calls and
 * microservices the error goes on to the next caller.
 *
 * @example
 * ```ts
 * @Module({ providers: [{ provide: APP_FILTER, useClass: RemoteErrorFilter }] })
 * ```
 */
@Catch(RemoteError)
export class RemoteErrorFilter extends BaseExceptionFilter<RemoteError> {
  /** Answers, in an HTTP request. */
  override catch(error: RemoteError, host: ArgumentsHost): Observable<never> | void {
    const kind: string = host.getType();
    if (kind === 'rpc') return throwError(() => error);
    if (kind !== 'http') throw error;
    this.#checkAdapter();
    const { response, status } = error.remote;
    const isSaid = status !== undefined && response !== undefined;
    if (isSaid && status >= 500) LOGGER.error(error);
    const answer = isSaid ? new HttpException(response as string | Record<string, unknown>, status) : error;
    // oxlint-disable-next-line promise/valid-params, promise/no-promise-in-callback -- of Nest's filter, no promise's
    super.catch(answer as RemoteError, host);
  }

  #checkAdapter(): void {
    if (this.applicationRef !== undefined || this.httpAdapterHost !== undefined) return;
    throw new InvalidOptionError(
      'RemoteErrorFilter needs the HTTP adapter: provide it as { provide: APP_FILTER, useClass: RemoteErrorFilter }, use it as ' +
        '@UseFilters(RemoteErrorFilter), or make it with new RemoteErrorFilter(app.getHttpAdapter()). The error was not answered.',
      { option: 'RemoteErrorFilter' },
    );
  }
}
