import 'reflect-metadata';
import { setTimeout as during } from 'node:timers/promises';
import { EntityUnavailableError } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { length } from '../faults/length';
import type { Written } from './ledgers';
import { type Caller, SplitLedgers } from './split-ledgers';

jest.setTimeout(180_000);

const KEYS = length(100, 30);
/** From the cut to the heal; at least until the sides have removed each other. */
const SPLIT_MS = length(20_000, 0);

let ledgers: SplitLedgers;
afterEach(() => ledgers?.[Symbol.asyncDispose]());

const keys = Array.from({ length: KEYS }, (_, key) => key);
const of = (what: string): readonly Written[] => ledgers.journal().filter((line) => line.what === what);

/** Adds to all ledgers. @returns What each call gave, and how long it took. */
function addToAll(caller: Caller): Promise<readonly { error: unknown; ms: number }[]> {
  return Promise.all(
    keys.map(async (key) => {
      const begin = performance.now();
      const error: unknown = await caller.add(key).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      return { error, ms: performance.now() - begin };
    }),
  );
}

/** Calls from a side of the split until it ends, one round after the other. */
async function split(): Promise<void> {
  const begin = performance.now();
  await ledgers.cut();
  await during(Math.max(0, SPLIT_MS - (performance.now() - begin)));
}

test("guard 'view': after a split one ledger of each key is left, and has merged the state of the other one once", async () => {
  ledgers = await SplitLedgers.start('view');
  expect((await addToAll(ledgers.near)).filter(({ error }) => error !== undefined)).toEqual([]);
  await split();
  // A caller may have removed a node that a host still believes in, and sends the call to.
  for (const caller of [ledgers.near, ledgers.far])
    await eventually(async () =>
      expect((await addToAll(caller)).filter(({ error }) => error !== undefined)).toHaveLength(0),
    );
  ledgers.heal();
  await ledgers.isWhole();
  for (const { entities } of [ledgers.near, ledgers.far])
    await eventually(() => expect(entities.list('ledger')).toHaveLength(KEYS), { timeoutMs: 60_000 });
  const duplicates = of('exit').filter(({ detail }) => detail === 'duplicate');
  expect(new Set(duplicates.map(({ key }) => key)).size).toBe(KEYS);
  const states = (what: string): string[] =>
    of(what)
      .map(({ key, detail }) => `${key} ${detail}`)
      .toSorted();
  expect(states('merge')).toEqual(states('hand'));
  expect((await addToAll(ledgers.far)).filter(({ error }) => error !== undefined)).toEqual([]);
});

test("guard 'lease': in a split there is never a second ledger of a key, and callers on the other side hear so in time", async () => {
  ledgers = await SplitLedgers.start('lease');
  expect((await addToAll(ledgers.near)).filter(({ error }) => error !== undefined)).toEqual([]);
  await split();
  // Where the store is: also those that lived on the other side.
  await eventually(async () =>
    expect((await addToAll(ledgers.near)).filter(({ error }) => error !== undefined)).toEqual([]),
  );
  const far = await addToAll(ledgers.far);
  for (const { error, ms } of far) {
    expect(error).toBeInstanceOf(EntityUnavailableError);
    expect(String(error)).toMatch(/lease cannot be claimed.*Nothing was executed/);
    expect(ms).toBeLessThan(8000);
  }
  ledgers.heal();
  await ledgers.isWhole();
  await eventually(
    async () => expect((await addToAll(ledgers.far)).filter(({ error }) => error !== undefined)).toEqual([]),
    { timeoutMs: 60_000 },
  );
  for (const { entities } of [ledgers.near, ledgers.far])
    await eventually(() => expect(entities.list('ledger')).toHaveLength(KEYS), { timeoutMs: 60_000 });
  // Once a ledger has begun on another node, the one before does not act any more.
  const living = new Map<number, string>();
  const second: Written[] = [];
  for (const line of ledgers.journal()) {
    if (line.what === 'start') living.set(line.key, line.node);
    if (line.what === 'add' && living.get(line.key) !== line.node) second.push(line);
  }
  expect(second).toEqual([]);
  expect(of('exit').filter(({ detail }) => detail === 'lost').length).toBeGreaterThan(0);
  expect(of('merge')).toEqual([]);
});
