import { ManualTimers } from '../calls/calls.fixture';
import type { EntityNames, Holder } from '../names';
import { EntityElsewhereError, formatKey, type Key, LockTimeoutError, PidInterner } from '../term';
import { EntityLeases } from './entity-leases';
import type { Refusals } from './refusals';

const pids = new PidInterner();
const peer = pids.intern('b', 'b'.repeat(16), 1);

it('a node that finds a lease free, and is too late, hears who has it long before its time is over', async () => {
  const timers = new ManualTimers();
  let holder: Holder | undefined;
  // What the store says while another node ends the session of a crashed one and takes its lease.
  const names = {
    isStopped: false,
    tryClaim: () => Promise.resolve(undefined),
    holder: () => {
      const known = holder;
      holder = { key: 'k', pid: peer, token: 2, value: null, expiresInMs: 1000 };
      return Promise.resolve(known);
    },
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
  const began = timers.now();
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
  expect(timers.now() - began).toBeLessThan(1000);
});
