import type { ArgumentsHost } from '@nestjs/common';
import { isInstanceOf, propertyOfThrown, RemoteError } from '../../term';

/** Nest's handler for what a method throws: it asks the filters. If none takes the error, it logs it and throws it again. */
export interface ExceptionsHandler {
  readonly filters: readonly unknown[];
  next(error: unknown, host: ArgumentsHost): unknown;
  invokeCustomFilters(error: unknown, host: ArgumentsHost): unknown;
}

/** Whether it is Nest's handler, in a version that has what is used of it. */
export function isExceptionsHandler(value: unknown): value is ExceptionsHandler {
  const { filters, next, invokeCustomFilters } = (value ?? {}) as Partial<ExceptionsHandler>;
  return Array.isArray(filters) && typeof next === 'function' && typeof invokeCustomFilters === 'function';
}

/**
 * What becomes of the errors of one handler: its filters map them; others reach the caller. Nest would log each of those as an error,
 * with its stack. That is right for a bug, and wrong for what the handler says to its caller on purpose: an `RpcException`, and what
 * another handler has said so before. (Nest itself logs no `HttpException`.)
 */
export class HandlerFailures {
  readonly #exceptions: ExceptionsHandler;

  constructor(exceptions: ExceptionsHandler) {
    this.#exceptions = exceptions;
  }

  /** Whether there are filters. */
  get hasFilters(): boolean {
    return this.#exceptions.filters.length > 0;
  }

  /** Returns what a filter makes of the error. @throws What a filter throws, or the error. */
  handle(error: unknown, args: readonly unknown[]): unknown {
    const host = hostOf(args);
    if (!isDeliberate(error)) return this.#exceptions.next(error, host);
    const mapped = this.#exceptions.invokeCustomFilters(error, host);
    if (mapped) return mapped;
    throw error;
  }
}

function isDeliberate(error: unknown): boolean {
  if (!isInstanceOf(error, RemoteError)) return typeof propertyOfThrown(error, 'getError') === 'function';
  const { status = 500, details } = error.remote;
  return status < 500 || details !== undefined;
}

/** The arguments of a call, as filters ask for them. */
function hostOf(args: readonly unknown[]): ArgumentsHost {
  const [payload, context] = args;
  const host: Readonly<Record<keyof ArgumentsHost, (index: number) => unknown>> = {
    getArgs: () => args,
    getArgByIndex: (index) => args[index],
    getType: () => 'rpc',
    switchToRpc: () => ({ getData: () => payload, getContext: () => context }),
    switchToHttp: () => ({ getRequest: () => payload, getResponse: () => context, getNext: () => undefined }),
    switchToWs: () => ({ getData: () => payload, getClient: () => context, getPattern: () => '' }),
  };
  return host as unknown as ArgumentsHost;
}
