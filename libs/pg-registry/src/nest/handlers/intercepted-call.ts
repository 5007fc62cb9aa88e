import { AsyncResource } from 'node:async_hooks';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { EmptyError, from, isObservable, Observable, type ObservableInput, type Subscriber } from 'rxjs';
import { thenOf } from '../../lifetime';

/**
 * Runs a handler within interceptors, as Nest does: the first one is the outermost, and each decides whether, when and how often the rest
 * runs. The rest runs in the asynchronous context in which the interceptor asked for it by `handle()`, so that what it put into an
 * `AsyncLocalStorage` is there.
 *
 * Nest 11 binds that context with `AsyncResource.bind`, twice for one interceptor. That takes longer than all the rest of a call. Nor is
 * there a promise here unless an interceptor or the handler makes one.
 *
 * @returns The last value of the outermost Observable, or a promise of it.
 * @throws What an interceptor throws; EmptyError if there is no value.
 */
export function intercepted(
  interceptors: readonly NestInterceptor[],
  context: ExecutionContext,
  handle: () => unknown,
): unknown {
  return lastOf(streamOf(step(interceptors, 0, context, handle)));
}

/** Runs one interceptor, with the rest behind it. */
function step(
  interceptors: readonly NestInterceptor[],
  index: number,
  context: ExecutionContext,
  handle: () => unknown,
): unknown {
  const next: CallHandler = {
    handle: () => {
      const scope = new AsyncResource('pg-registry:handle');
      const isLast = index + 1 === interceptors.length;
      return new Observable((subscriber) => {
        const rest = isLast
          ? scope.runInAsyncScope(handle)
          : scope.runInAsyncScope(step, undefined, interceptors, index + 1, context, handle);
        pass(isLast ? rest : streamOf(rest), subscriber);
      });
    },
  };
  return interceptors[index].intercept(context, next);
}

/** What an interceptor returned, as an Observable. @throws TypeError if it is none */
function streamOf(returned: unknown): Observable<unknown> {
  if (isObservable(returned)) return from(returned);
  // A promise of an Observable: `from` makes one Observable of the Observable in it.
  if (thenOf(returned) === 'callable') {
    return new Observable((subscriber) => pass(Promise.resolve(returned).then(streamOf), subscriber));
  }
  return from(returned as ObservableInput<unknown>);
}

/** Emits a value, what a promise resolves with, or all of an Observable. */
function pass(source: unknown, subscriber: Subscriber<unknown>): void {
  if (isObservable(source)) from(source).subscribe(subscriber);
  else if (thenOf(source) === 'callable') {
    Promise.resolve(source).then(
      // If nobody listens any more, an Observable is not to begin.
      (value: unknown) => (subscriber.closed ? undefined : pass(value, subscriber)),
      (error: unknown) => subscriber.error(error),
    );
  } else {
    subscriber.next(source);
    subscriber.complete();
  }
}

/** The last value of an Observable: at once if it has ended already, else a promise. @throws Its error; EmptyError if there is no value */
function lastOf(source: Observable<unknown>): unknown {
  let last: { readonly value: unknown } | undefined;
  let failure: { readonly error: unknown } | undefined;
  let hasEnded = false;
  let ended: (() => void) | undefined;
  const end = (failed?: { readonly error: unknown }): void => {
    hasEnded = true;
    failure = failed;
    ended?.();
  };
  source.subscribe({
    next: (value) => (last = { value }),
    error: (error: unknown) => end({ error }),
    complete: () => end(),
  });
  const outcome = (): unknown => {
    if (failure !== undefined) throw failure.error;
    if (last === undefined) throw new EmptyError();
    return last.value;
  };
  if (hasEnded) return outcome();
  return new Promise<void>((resolve) => (ended = resolve)).then(outcome);
}
