import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Handler } from '../calls';
import type { DecoratedProvider } from './decorated-provider';
import { plainArguments } from './decorators/handler-parameters';
import { HandlerFailures, isExceptionsHandler } from './handler-failures';

/** Members of `ExternalContextCreator` that find guards, pipes and interceptors: not public, but the same in Nest 11 and 12. */
const FINDERS = ['guardsContextCreator', 'pipesContextCreator', 'interceptorsContextCreator'];
const FILTERS_FINDER = 'filtersContextCreator';

/** A handler method of one instance. */
export interface HandlerMethod {
  readonly provider: DecoratedProvider;
  readonly instance: object;
  readonly name: string;
  readonly contextId: ContextId | undefined;
}

/**
 * Makes the handler of a method that has no guards, pipes, interceptors or filters, neither of its own nor global ones. It
 * calls the method directly, because Nest's context awaits nine promises for each call even if there is nothing to run. That doubles the
 * calls of a local process per second (docs/decisions.md, number 15).
 *
 * @returns Undefined if there is something to run, or if this version of Nest does not tell: the caller then uses Nest's context.
 */
export function unguardedHandler(
  contexts: ExternalContextCreator,
  method: HandlerMethod,
): Handler | undefined {
  const count = plainArguments(method.provider.type, method.name);
  if (count === undefined) return undefined;
  const failures = failuresOf(contexts, method);
  if (failures === undefined || failures.hasFilters) return undefined;
  for (const finder of FINDERS) {
    const found = find(contexts, finder, method);
    if (!Array.isArray(found) || found.length > 0) return undefined;
  }
  return handlerOf(method, count > 1, (error) => failures.handle(error, []));
}

/** Asks one of Nest's finders in the same way as Nest's context does. */
function find(
  contexts: object,
  finder: string,
  { provider, instance, name, contextId }: HandlerMethod,
): unknown {
  const { wrapper } = provider;
  const found = Reflect.get(contexts, finder) as { create?(...args: unknown[]): unknown } | undefined;
  return found?.create?.(instance, Reflect.get(instance, name), wrapper.host?.token, contextId, wrapper.id);
}

/** Finds what Nest does with the errors of a method. Undefined if this version of Nest does not tell. */
export function failuresOf(
  contexts: ExternalContextCreator,
  method: HandlerMethod,
): HandlerFailures | undefined {
  const exceptions = find(contexts, FILTERS_FINDER, method);
  return isExceptionsHandler(exceptions) ? new HandlerFailures(exceptions) : undefined;
}

function handlerOf(
  { instance, name }: HandlerMethod,
  withContext: boolean,
  onError: (error: unknown) => unknown,
): Handler {
  const method = Reflect.get(instance, name) as (...args: unknown[]) => unknown;
  const settle = async (answer: unknown): Promise<unknown> => {
    try {
      const value = await answer;
      return isObservable(value) ? await lastValueFrom(value) : value;
    } catch (error) {
      return onError(error);
    }
  };
  return (payload, context) => {
    let answer: unknown;
    try {
      answer = withContext ? method.call(instance, payload, context) : method.call(instance, payload);
    } catch (error) {
      return onError(error);
    }
    // An answer that is no promise is returned in this very turn.
    return typeof answer === 'object' && answer !== null && ('then' in answer || isObservable(answer))
      ? settle(answer)
      : answer;
  };
}
