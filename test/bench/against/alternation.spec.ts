import type { Result } from '../support/result';
import { alternate } from './alternation';

describe('the runs of two sides', () => {
  it('take turns, and each round in the other order', async () => {
    const order: string[] = [];
    const side = (name: string) => async (): Promise<readonly Result[]> => {
      order.push(name);
      return [];
    };
    await alternate(3, { here: side('A'), there: side('B') }, () => order.push('|'));
    expect(order.join(' ')).toBe('A B | B A | A B |');
  });

  it('go on in number and order where an earlier run ended', async () => {
    const order: string[] = [];
    const side = (name: string) => async (): Promise<readonly Result[]> => {
      order.push(name);
      return [];
    };
    const onRound = (number: number, _: unknown, found: readonly unknown[]): unknown =>
      order.push(`| ${number}, ${found.length} now |`);
    await alternate(2, { here: side('A'), there: side('B') }, onRound, 3);
    expect(order.join(' ')).toBe('B A | 4, 1 now | A B | 5, 2 now |');
  });

  it('never overlap', async () => {
    let running = 0;
    const side = async (): Promise<readonly Result[]> => {
      expect((running += 1)).toBe(1);
      await new Promise(setImmediate);
      running -= 1;
      return [];
    };
    await alternate(2, { here: side, there: side }, () => undefined);
    expect.assertions(4);
  });

  it('belong to the side that was run, whichever went first', async () => {
    const side = (name: string) => async (): Promise<readonly Result[]> => [{ name } as Result];
    const rounds = await alternate(2, { here: side('A'), there: side('B') }, () => undefined);
    expect(rounds).toEqual([
      { here: [{ name: 'A' }], there: [{ name: 'B' }] },
      { here: [{ name: 'A' }], there: [{ name: 'B' }] },
    ]);
  });

  it('end with the first that fails', async () => {
    const fails = (): Promise<readonly Result[]> => Promise.reject(new Error('broken'));
    const never = jest.fn<Promise<readonly Result[]>, []>();
    await expect(alternate(2, { here: fails, there: never }, () => undefined)).rejects.toThrow('broken');
    expect(never).not.toHaveBeenCalled();
  });
});
