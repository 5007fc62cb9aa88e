import type { Observable, Subscriber } from 'rxjs';

/**
 * Subscribes to what a handler returned. A source that was ended among the values which it emits at once has its teardown run here, where
 * nobody else would hear what it throws.
 */
export function subscribeTo<T>(
  source: Observable<T>,
  subscriber: Subscriber<T>,
  onError: (error: unknown) => void,
): void {
  try {
    source.subscribe(subscriber);
  } catch (error) {
    if (subscriber.closed) onError(error);
    else subscriber.error(error);
  }
}
