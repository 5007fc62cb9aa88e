import { ManualTimers } from '../calls/calls.fixture';
import { withTimeout } from './with-timeout';

describe('withTimeout', () => {
  it('returns true when the promise is fulfilled in time, and cancels its timer', async () => {
    const timers = new ManualTimers();
    expect(await withTimeout(Promise.resolve('done'), 100, timers)).toBe(true);
    expect(timers.pending).toBe(0);
  });

  it('returns false when the time is up, and ignores a later rejection', async () => {
    const timers = new ManualTimers();
    let fail!: (error: Error) => void;
    const slow = new Promise((_, reject) => (fail = reject));
    const waited = withTimeout(slow, 100, timers);
    timers.advance(99);
    expect(timers.pending).toBe(1);
    timers.advance(1);
    expect(await waited).toBe(false);
    fail(new Error('too late'));
  });

  it('throws what the promise rejects with in time', async () => {
    const error = new Error('no');
    await expect(withTimeout(Promise.reject(error), 100, new ManualTimers())).rejects.toBe(error);
  });
});
