import 'reflect-metadata';
import { eventually } from '../../support/eventually';
import { length } from '../faults/length';
import {
  DEFAULT_TTL_MS,
  type Failure,
  type Guard,
  Ledgers,
  NAMES,
  SHORT_TTL_MS,
  type Written,
} from './ledgers';

jest.setTimeout(length(600_000, 120_000));

const KEYS = length(1000, 60);
const CALLS_PER_SECOND = length(200, 50);
const WORK_MS = 320;
const ROUNDS = length(2, 1);

let ledgers: Ledgers;
afterEach(() => ledgers[Symbol.asyncDispose]());

const GUARDS: readonly Guard[] = ['view', 'lease'];

const adds = (journal: readonly Written[]): readonly Written[] =>
  journal.filter(({ what }) => what === 'add');

/** No call was executed twice, and those that were answered were executed. */
function expectOnce(journal: readonly Written[]): void {
  const numbers = adds(journal).map(({ detail }) => detail);
  expect(new Set(numbers).size).toBe(numbers.length);
  const executed = new Set(numbers);
  for (const number of ledgers.answered.keys()) expect(executed.has(String(number))).toBe(true);
}

/** Why a call failed, and what its ledger went through: a reason `'lost'` is a lease that a busy machine did not renew. */
function toldOf({ number, key, error }: Failure, journal: readonly Written[]) {
  const { reason }: { readonly reason?: unknown } = Object(error);
  const lives = journal.filter((line) => line.key === key && line.what !== 'add').slice(-8);
  return {
    number,
    key,
    error: String(error),
    reason,
    lives: lives.map(({ what, node, detail }) => `${what} ${node} ${detail}`),
  };
}

/** A life of a ledger begins when the one before it has ended. */
function expectOneAtATime(journal: readonly Written[], killed: readonly string[] = []): void {
  const living = new Map<number, string>();
  const tooMany: string[] = [];
  for (const { what, key, node } of journal) {
    const before = living.get(key);
    if (what === 'start') {
      if (before !== undefined && !killed.includes(before)) tooMany.push(`${key} on ${before} and ${node}`);
      living.set(key, node);
    } else if (what === 'exit') living.delete(key);
  }
  expect(tooMany).toEqual([]);
}

test.each(GUARDS)(
  'guard %s: no call to an entity fails and no state is lost in a rolling restart of three nodes under load',
  async (guard) => {
    ledgers = await Ledgers.start(KEYS, guard, DEFAULT_TTL_MS);
    const load = ledgers.load(CALLS_PER_SECOND, WORK_MS);
    await eventually(() => ledgers.answered.size > CALLS_PER_SECOND);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of NAMES) {
        // One after the other: that is what a rolling restart is.
        // oxlint-disable-next-line no-await-in-loop
        await ledgers.restart(name);
      }
    }
    await load.stop();
    const journal = ledgers.journal();
    expect(ledgers.failures.map((failure) => toldOf(failure, journal))).toEqual([]);
    expectOnce(journal);
    expectOneAtATime(journal);
    const starts = journal.filter(({ what }) => what === 'start');
    // Each key was called once into life; every later life was handed over.
    expect(starts.filter(({ detail }) => detail === 'call').length).toBeLessThanOrEqual(KEYS);
    expect(starts.filter(({ detail }) => detail === 'hand-over').length).toBeGreaterThan(0);
    for (let key = 0; key < KEYS; key += 1) {
      const written = adds(journal).filter((line) => line.key === key).length;
      // oxlint-disable-next-line no-await-in-loop
      expect([key, await ledgers.total(key)]).toEqual([key, written]);
    }
  },
);

test.each(GUARDS)(
  'guard %s: after the kill -9 of a node its entities live elsewhere, no call is executed twice, and no other entity moves',
  async (guard) => {
    ledgers = await Ledgers.start(KEYS, guard, SHORT_TTL_MS);
    const load = ledgers.load(CALLS_PER_SECOND, WORK_MS);
    const places = (): Map<number, string> =>
      new Map(
        ledgers.entities.list('ledger').map(({ key, pid }) => [(key as [string, number])[1], pid.node]),
      );
    await eventually(() => places().size === KEYS, { timeoutMs: 60_000 });
    const before = places();
    expect([...before.values()]).toContain('two');
    const killedAt = Date.now();
    await ledgers.kill('two');
    await eventually(
      () =>
        [...ledgers.answered.values()].filter(
          ({ key, at }) => before.get(key) === 'two' && at > killedAt + 500,
        ).length > 20,
      { timeoutMs: 60_000 },
    );
    const lastFailure = (): number => Math.max(0, ...ledgers.failures.map(({ at }) => at));
    await eventually(() => places().size === KEYS && Date.now() - lastFailure() > 2000, {
      timeoutMs: 60_000,
    });
    await load.stop();
    // Only calls to the killed node failed, those in flight and those until it was removed.
    for (const { key } of ledgers.failures) expect([key, before.get(key)]).toEqual([key, 'two']);
    const journal = ledgers.journal();
    expectOnce(journal);
    expectOneAtATime(journal, ['two']);
    const after = places();
    const moved = [...before].filter(([key, node]) => after.get(key) !== node).map(([, node]) => node);
    expect(new Set(moved)).toEqual(new Set(['two']));
    expect([...after.values()]).not.toContain('two');
    process.stdout.write(
      `After the kill -9, ${ledgers.failures.length} calls failed, the last one ${lastFailure() - killedAt} ms after it.\n`,
    );
  },
);
