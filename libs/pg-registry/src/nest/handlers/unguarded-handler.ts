import { isObservable, lastValueFrom } from 'rxjs';
import type { Handler } from '../../calls';
import { plainArguments } from '../decorators/handler-parameters';
import type { Enhancers, HandlerMethod } from './enhancers';

/**
 * Makes the handler of a method that has no guards, pipes, interceptors or filters, neither of its own nor global ones. It
 * calls the method directly, because Nest's context awaits nine promises for each call even if there is nothing to run. That doubles the
 * calls of a local process per second (docs/decisions.md, number 15).
 *
 * @returns Undefined if there is something to run.
 */
export function unguardedHandler(method: HandlerMethod, enhancers: Enhancers): Handler | undefined {
  const { guards, interceptors, pipes, failures } = enhancers;
  const count = plainArguments(method.provider.type, method.name);
  if (count === undefined || failures.hasFilters) return undefined;
  if (guards.length + interceptors.length + pipes.length > 0) return undefined;
  return handlerOf(method, count > 1, (error) => failures.handle(error, []));
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
