import type { QueuedMessage } from '../calls';
import { type Key, Pid } from '../term';
import type { EntitiesDeps } from './entities-deps';
import { MessageTurns } from './message-turns';

describe('Messages for entities', () => {
  let now: number;
  let next: (() => void)[];
  let taken: Key[];
  let settled: unknown[];
  let messages: MessageTurns;
  beforeEach(() => {
    [now, next, taken, settled] = [0, [], [], []];
    const timers = { now: () => now, afterTurn: (run: () => void) => (next.push(run), () => undefined) };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these are all that it uses
    const deps = { timers, onWarning: () => undefined } as unknown as EntitiesDeps;
    messages = new MessageTurns(deps, ({ message: { entity } }) => {
      now += 4;
      if (entity?.key === 'bad') throw new Error('bad');
      taken.push(entity!.key);
    });
  });
  const take = (key: Key): void => {
    const message = {
      entity: { type: 't', key, hops: 0, passed: 0 },
      caller: new Pid('n', 'b'.repeat(16), 1),
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these are all that it uses
    messages.take({ message, settle: (how: unknown) => settled.push(how) } as unknown as QueuedMessage);
  };
  const turn = (): readonly Key[] => {
    const [before, due] = [taken.length, next];
    next = [];
    for (const run of due) run();
    return taken.slice(before);
  };
  const large = (at: number): Key => [at, 'x'.repeat(1001)];

  it('are taken for 10 ms in a turn if their keys are large, in their order', () => {
    for (let at = 1; at <= 8; at += 1) take(large(at));
    expect(taken).toEqual([1, 2, 3].map(large));
    expect(turn()).toEqual([4, 5, 6].map(large));
    expect(turn()).toEqual([7, 8].map(large));
  });

  it('are taken in turns, too, if their keys are large bigints', () => {
    const largeBigint = (at: number): bigint => 2n ** 600n + BigInt(at);
    for (let at = 1; at <= 8; at += 1) take(largeBigint(at));
    expect(taken).toEqual([1, 2, 3].map(largeBigint));
    expect(turn()).toEqual([4, 5, 6].map(largeBigint));
  });

  it('are taken at once if their keys are small, and get what the taking throws', () => {
    for (let at = 1; at <= 8; at += 1) take(large(at));
    for (const key of ['a', 1, 5n, ['doc', 1n], new Pid('n', 'b'.repeat(16), 2), 'bad']) take(key);
    expect(taken.slice(3)).toEqual(['a', 1, 5n, ['doc', 1n], new Pid('n', 'b'.repeat(16), 2)]);
    expect(settled).toEqual([{ type: 'error', error: new Error('bad'), executed: false }]);
  });
});
