import { ManualTimers } from '../calls/calls.fixture';
import type { EntityNames, Holder } from '../names';
import {
  EntityElsewhereError,
  formatKey,
  type Key,
  LockTimeoutError,
  PidInterner,
  TransportError,
} from '../term';
import { EntityLeases } from './entity-leases';
import type { Refusals } from './refusals';

const pids = new PidInterner();
const peer = pids.intern('b', 'b'.repeat(16), 1);

/** Leases of a node whose store answers so. */
function leasesOf(names: object, timers: ManualTimers): EntityLeases {
  const refusals = {
    elsewhere: (_entity: unknown, pid: unknown) =>
      new EntityElsewhereError('Elsewhere.', { pid: pid as never }),
  };
  return new EntityLeases(
    { processes: { isLocal: () => false } as never, availability: () => 'ready', timers },
    { isStopped: false, ...names } as unknown as EntityNames,
    refusals as unknown as Refusals,
  );
}

it('a node whose store answers too late for a short wait goes on claiming, and one whose store fails at once does not', async () => {
  const timers = new ManualTimers();
  const claim = { held: true };
  let tries = 0;
  let isSlow = true;
  const names = {
    // The store is busy: it answers, but not within the first wait.
    tryClaim: () => Promise.resolve((tries += 1) > 1 && isSlow ? claim : undefined),
    holder: () => Promise.resolve(undefined),
    claim: (_type: string, _key: Key, timeoutMs: number) =>
      new Promise((_resolve, reject) =>
        timers.setTimer(isSlow ? timeoutMs : 0, () => reject(new TransportError('No answer within 0 ms.'))),
      ),
  };
  const leases = leasesOf(names, timers);
  const settle = async (taken: Promise<unknown>): Promise<unknown> => {
    let outcome: unknown;
    const ended = taken.then(
      (value) => ((outcome = value), true),
      (error: unknown) => ((outcome = error), true),
    );
    const isOver = (): Promise<boolean> =>
      Promise.race([ended, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
    // oxlint-disable-next-line no-await-in-loop
    while (!(await isOver())) timers.advance(10);
    return outcome;
  };
  expect(await settle(leases.take('type', 'k'))).toBe(claim);
  isSlow = false;
  expect(await settle(leases.take('type', 'k'))).toMatchObject({
    code: 'ENTITY_UNAVAILABLE',
    message: expect.stringMatching(/cannot be claimed: No answer/),
  });
  expect(tries).toBe(3);
});

it.each([100, 3300])(
  'a node that is too late for a lease, by %i ms, hears who has it before its time is over',
  async (afterMs) => {
    const timers = new ManualTimers();
    const holder: Holder = { key: 'k', pid: peer, token: 2, value: null, expiresInMs: 1000 };
    const began = timers.now();
    // What the store says while another node ends the session of a crashed one and takes its lease.
    const names = {
      tryClaim: () => Promise.resolve(undefined),
      holder: () => Promise.resolve(timers.now() < began + afterMs ? undefined : holder),
      claim: (_type: string, key: Key, timeoutMs: number) =>
        new Promise((_resolve, reject) =>
          timers.setTimer(timeoutMs, () => reject(new LockTimeoutError(`${formatKey(key)} is held.`))),
        ),
    };
    const leases = leasesOf(names, timers);
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

it('a node claims leases within whole milliseconds, because errors tell them', async () => {
  const timers = new ManualTimers();
  const told: number[] = [];
  const names = {
    tryClaim: () => {
      timers.advance(0.3);
      return Promise.resolve(undefined);
    },
    holder: (_type: string, _key: Key, timeoutMs: number) => {
      told.push(timeoutMs);
      return Promise.reject(new TransportError('No answer.'));
    },
  };
  await expect(leasesOf(names, timers).take('type', 'k')).rejects.toThrow('No answer.');
  expect(told).toEqual([4000]);
});
