import { firstValueFrom, isObservable, NEVER, Observable, of, range, toArray } from 'rxjs';
import { SharedTurns } from '../lifetime';
import { begunInTurn } from './reply-source';

describe('begunInTurn', () => {
  let now: number;
  let next: (() => void)[];
  let turns: SharedTurns;
  beforeEach(() => {
    now = 0;
    next = [];
    const onError = (error: unknown): never => {
      throw error;
    };
    turns = new SharedTurns({
      timers: { now: () => now, afterTurn: (run) => (next.push(run), () => undefined) },
      onError,
    });
  });

  function turn(): void {
    const due = next;
    next = [];
    for (const run of due) run();
  }
  const inTurn = (result: unknown): unknown => begunInTurn(result, turns, 'a', () => undefined);

  it('begins an Observable in its turn, and leaves everything else as it is', async () => {
    expect(inTurn(7)).toBe(7);
    await expect(inTurn(Promise.resolve(7))).resolves.toBe(7);
    turns.run('a', () => (now += 10));
    const got: unknown[] = [];
    const source = inTurn(range(0, 3)) as Observable<number>;
    source.subscribe((value) => got.push(value));
    expect(got).toEqual([]);
    turn();
    expect(got).toEqual([0, 1, 2]);
    const promised = await inTurn(Promise.resolve(of(1)));
    expect(isObservable(promised)).toBe(true);
    const values = firstValueFrom((promised as Observable<number>).pipe(toArray()));
    turn();
    await expect(values).resolves.toEqual([1]);
  });

  it('does not subscribe to an Observable that nobody waits for when its turn has come', () => {
    let subscribed = 0;
    turns.run('a', () => (now += 10));
    const counted = new Observable((subscriber) => {
      subscribed += 1;
      return NEVER.subscribe(subscriber);
    });
    const subscription = (inTurn(counted) as Observable<unknown>).subscribe();
    subscription.unsubscribe();
    turn();
    expect(subscribed).toBe(0);
  });
});
