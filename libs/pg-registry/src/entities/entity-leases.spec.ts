import { ManualTimers } from '../calls/calls.fixture';
import type { EntityNames, Holder } from '../names';
import { EntityElsewhereError, formatKey, type Key, LockTimeoutError, PidInterner } from '../term';
import { EntityLeases } from './entity-leases';
import type { Refusals } from './refusals';

const pids = new PidInterner();
const peer = pids.intern('b', 'b'.repeat(16), 1);

it.each([100, 3300])(
  'a node that is too late for a lease, by %i ms, hears who has it before its time is over',
  async (afterMs) => {
    const timers = new ManualTimers();
    const holder: Holder = { key: 'k', pid: peer, token: 2, value: null, expiresInMs: 1000 };
    const began = timers.now();
    // What the store says while another node ends the session of a crashed one and takes its lease.
    const names = {
      isStopped: false,
      tryClaim: () => Promise.resolve(undefined),
      holder: () => Promise.resolve(timers.now() < began + afterMs ? undefined : holder),
      claim: (_type: string, key: Key, timeoutMs: number) =>
        new Promise((_resolve, reject) =>
          timers.setTimer(timeoutMs, () => reject(new LockTimeoutError(`${formatKey(key)} is held.`))),
        ),
    };
    const refusals = {
      elsewhere: (_entity: unknown, pid: unknown) =>
        new EntityElsewhereError('Elsewhere.', { pid: pid as never }),
    };
    const leases = new EntityLeases(
      { processes: { isLocal: () => false } as never, availability: () => 'ready', timers },
      names as unknown as EntityNames,
      refusals as unknown as Refusals,
    );
    let error: unknown;
    const ended = leases.take('type', 'k').then(
      () => true,
      (thrown: unknown) => {
        error = thrown;
        return true;
      },
    );
    const isOver = (): Promise<boolean> =>
      Promise.race([ended, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
    // oxlint-disable-next-line no-await-in-loop
    while (!(await isOver()) && timers.now() - began < 10_000) timers.advance(10);
    expect(error).toMatchObject({ code: 'ENTITY_ELSEWHERE', pid: peer });
    expect(timers.now() - began).toBeLessThan(afterMs + 1000);
  },
);
