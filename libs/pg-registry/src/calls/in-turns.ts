import type { Timers } from '../lifetime';

/**
 * Does something with each of many, so many in a turn of the event loop, the first ones at once. What a peer can have done in numbers must not
 * hold the node.
 *
 * @param act Must not throw. It may find that its item is not concerned any more.
 */
export function inTurns<T>(
  timers: Pick<Timers, 'afterTurn'>,
  perTurn: number,
  items: Iterator<T>,
  act: (item: T) => void,
): void {
  for (let left = perTurn; left > 0; left -= 1) {
    const { done, value } = items.next();
    if (done === true) return;
    act(value);
  }
  timers.afterTurn(() => inTurns(timers, perTurn, items, act));
}
