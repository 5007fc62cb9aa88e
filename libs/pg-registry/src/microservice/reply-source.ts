import { isObservable, Observable, type Subscriber } from 'rxjs';
import type { SharedTurns } from '../lifetime';

/** Told of what a teardown threw. Must not throw. */
type OnError = (error: unknown) => void;

/**
 * Subscribes to what a handler returned. A source that was ended among the values which it emits at once has its teardown run here, where
 * nobody else would hear what it throws.
 */
export function subscribeTo<T>(source: Observable<T>, subscriber: Subscriber<T>, onError: OnError): void {
  try {
    source.subscribe(subscriber);
  } catch (error) {
    if (subscriber.closed) onError(error);
    else subscriber.error(error);
  }
}

/**
 * Has what a handler returned begin in a turn that has time for it, if that is an Observable. Anything else stays what it is.
 *
 * @param node Of the caller.
 */
export function begunInTurn(result: unknown, turns: SharedTurns, node: string, onError: OnError): unknown {
  const begun = (value: unknown): unknown => {
    if (!isObservable(value)) return value;
    return new Observable((subscriber) => {
      const begin = (): void => subscribeTo(value, subscriber, onError);
      turns.run(node, begin);
      return () => turns.drop(node, begin);
    });
  };
  return result instanceof Promise ? result.then(begun) : begun(result);
}
