import { type CanActivate, type ExecutionContext, ForbiddenException } from '@nestjs/common';
import type { ExternalContextCreator } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Handler } from '../../calls';
import { thenOf } from '../../lifetime';
import type { Enhancers, HandlerMethod } from './enhancers';
import { argumentsOf } from './handler-arguments';
import { intercepted } from './intercepted-call';

/** What Nest says to a caller that a guard refuses. */
const FORBIDDEN = 'Forbidden resource';

/**
 * Makes the handler of a method with guards, pipes, interceptors or filters. It runs them in Nest's order and as Nest does:
 *
 *     guards ─► interceptors ─► pipes ─► method            an error of any of them ─► filters
 *
 * but without a promise for each, and without the two `AsyncResource.bind` that Nest 11 makes for one interceptor (docs/decisions.md,
 * number 15).
 */
export function enhancedHandler(
  contexts: ExternalContextCreator,
  method: HandlerMethod,
  { guards, interceptors, pipes, failures, contextOf }: Enhancers,
): Handler {
  const { instance, name } = method;
  const callback = Reflect.get(instance, name) as (...args: unknown[]) => unknown;
  const resolve = argumentsOf(contexts, method, pipes);

  const handle = (given: readonly unknown[]): unknown => {
    const args = resolve(given);
    if (args instanceof Promise) return args.then((arrived) => callback.apply(instance, arrived));
    return callback.apply(instance, args);
  };
  const intercept = (given: readonly unknown[]): unknown =>
    interceptors.length === 0
      ? handle(given)
      : intercepted(interceptors, contextOf(given), () => handle(given));
  const run = (given: readonly unknown[]): unknown => {
    if (guards.length === 0) return intercept(given);
    const admission = admit(guards, contextOf(given));
    return admission === undefined ? intercept(given) : admission.then(() => intercept(given));
  };
  const settle = async (answer: unknown, given: readonly unknown[]): Promise<unknown> => {
    let value: unknown;
    try {
      value = await answer;
      if (isObservable(value)) return await lastValueFrom(value);
    } catch (error) {
      value = await failures.handle(error, given);
    }
    // Filters for microservices return Observables.
    return isObservable(value) ? await lastValueFrom(value) : value;
  };
  return (payload, context) => {
    const given = [payload, context];
    let answer: unknown;
    try {
      answer = run(given);
    } catch (error) {
      return settle(Promise.reject(error), given);
    }
    // An answer that is no promise is returned in this very turn.
    return thenOf(answer) === 'nothing' && !isObservable(answer) ? answer : settle(answer, given);
  };
}

/** Asks one guard after the other. @returns Undefined if all have admitted the call, a promise if one takes its time. @throws ForbiddenException */
function admit(guards: readonly CanActivate[], context: ExecutionContext): Promise<void> | undefined {
  for (const [index, guard] of guards.entries()) {
    const admits = guard.canActivate(context);
    if (admits === false) throw new ForbiddenException(FORBIDDEN);
    if (admits !== true) return admitLater(admits, guards.slice(index + 1), context);
  }
  return undefined;
}

async function admitLater(
  awaited: unknown,
  rest: readonly CanActivate[],
  context: ExecutionContext,
): Promise<void> {
  const answer = await awaited;
  const admits = isObservable(answer) ? await lastValueFrom(answer) : answer;
  if (!(admits as boolean)) throw new ForbiddenException(FORBIDDEN);
  await admit(rest, context);
}
