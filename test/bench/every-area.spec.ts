import { measureEveryArea } from './every-area';
import type { Result } from './support/result';

function resultOf(area: string, name: string): Result {
  return { area, name } as Result;
}

describe('a run of several areas', () => {
  it('keeps what an area found before it failed, and what the others find', async () => {
    const kept: string[][] = [];
    const { results, failures } = await measureEveryArea(
      ['reads', 'peers', 'calls'],
      async (area, onResult) => {
        onResult(resultOf(area, 'first'));
        await Promise.resolve();
        if (area === 'peers') throw new Error('999 peers');
        onResult(resultOf(area, 'second'));
      },
      (soFar) => kept.push(soFar.map(({ area, name }) => `${area} ${name}`)),
    );
    const all = ['reads first', 'reads second', 'peers first', 'calls first', 'calls second'];
    expect(results.map(({ area, name }) => `${area} ${name}`)).toEqual(all);
    expect(kept).toEqual([all.slice(0, 2), all.slice(0, 3), all]);
    expect([...failures].map(([name, { message }]) => [name, message])).toEqual([['peers', '999 peers']]);
  });
});
