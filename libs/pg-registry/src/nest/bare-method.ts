import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Handler } from '../calls';
import { takesContext } from './decorators/handlers.decorator';
import type { Finding } from './finding';

/** Where `ExternalContextCreator` keeps what finds guards and their kin: not public, and alike in Nest 11 and 12. */
const FINDERS = ['guardsContextCreator', 'pipesContextCreator', 'interceptorsContextCreator'];
const FILTERS_FINDER = 'filtersContextCreator';

/** What Nest hands to whoever throws. Without filters it logs the error and throws it again. */
interface ExceptionsHandler {
  readonly filters: readonly unknown[];
  next(error: unknown): unknown;
}

/** A method of an instance that answers messages. */
export interface Method {
  readonly finding: Finding;
  readonly instance: object;
  readonly name: string;
  readonly contextId: ContextId | undefined;
}

/**
 * The handler of a method that has no guards, pipes, interceptors or filters, neither of its own nor global ones: it does
 * what Nest's context would do, without the context. Nest awaits nine promises for each call however little there is to
 * run: without them a call of a local process takes half of the processor's time, of a remote one four fifths.
 *
 * @returns Undefined if there is something to run, or if this Nest does not say: then the context is needed.
 */
export function bareHandler(contexts: ExternalContextCreator, method: Method): Handler | undefined {
  const exceptions = find(contexts, FILTERS_FINDER, method);
  if (!isExceptionsHandler(exceptions) || exceptions.filters.length > 0) return undefined;
  for (const finder of FINDERS) {
    const found = find(contexts, finder, method);
    if (!Array.isArray(found) || found.length > 0) return undefined;
  }
  return handlerOf(method, (error) => exceptions.next(error));
}

/** Asks one of Nest's finders as its context does. */
function find(contexts: object, finder: string, { finding, instance, name, contextId }: Method): unknown {
  const { wrapper } = finding;
  const found = Reflect.get(contexts, finder) as { create?(...args: unknown[]): unknown } | undefined;
  return found?.create?.(instance, Reflect.get(instance, name), wrapper.host?.token, contextId, wrapper.id);
}

function isExceptionsHandler(value: unknown): value is ExceptionsHandler {
  const { filters, next } = (value ?? {}) as Partial<ExceptionsHandler>;
  return Array.isArray(filters) && typeof next === 'function';
}

function handlerOf({ finding, instance, name }: Method, failed: (error: unknown) => unknown): Handler {
  const method = Reflect.get(instance, name) as (...args: unknown[]) => unknown;
  const isGivenContext = takesContext(finding.type, name);
  const settle = async (answer: unknown): Promise<unknown> => {
    try {
      const value = await answer;
      return isObservable(value) ? await lastValueFrom(value) : value;
    } catch (error) {
      return failed(error);
    }
  };
  return (payload, context) => {
    let answer: unknown;
    try {
      answer = isGivenContext ? method.call(instance, payload, context) : method.call(instance, payload);
    } catch (error) {
      return failed(error);
    }
    // Whatever is there already is answered in this very turn.
    return typeof answer === 'object' && answer !== null && ('then' in answer || isObservable(answer))
      ? settle(answer)
      : answer;
  };
}
