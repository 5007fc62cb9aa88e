import { getEventListeners } from 'node:events';
import { AbortListeners } from './abort-listeners';

describe('listeners of AbortSignals', () => {
  it('AbortListeners call all that wait for a signal once, in their order, and give the signal one listener for all of them', () => {
    const listeners = new AbortListeners();
    const controller = new AbortController();
    const { signal } = controller;
    const called: number[] = [];
    for (let at = 0; at < 100; at += 1) listeners.onAbort(signal, () => called.push(at));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    controller.abort();
    expect(called).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  it('AbortListeners remove one listener without the others, also while they are called, and leave the signal with the last one', () => {
    const listeners = new AbortListeners();
    const controller = new AbortController();
    const { signal } = controller;
    const called: string[] = [];
    const removeEarly = listeners.onAbort(signal, () => called.push('early'));
    listeners.onAbort(signal, () => {
      called.push('first');
      removeLast();
    });
    const removeLast = listeners.onAbort(signal, () => called.push('last'));
    removeEarly();
    removeEarly();
    controller.abort();
    expect(called).toEqual(['first']);

    const { signal: other } = new AbortController();
    listeners.onAbort(other, () => undefined)();
    expect(getEventListeners(other, 'abort')).toHaveLength(0);
    const same = (): void => void called.push('twice');
    listeners.onAbort(other, same);
    listeners.onAbort(other, same)();
    expect(getEventListeners(other, 'abort')).toHaveLength(1);
  });
});
