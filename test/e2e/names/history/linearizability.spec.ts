import { type Fault, isLinearizable, type KeyOperation, type RecordedOperation } from './linearizability';

const op = (begin: number, end: number, operation: KeyOperation): RecordedOperation => ({
  begin,
  end,
  operation,
});
const claim = (begin: number, end: number, token?: number) =>
  op(begin, end, token === undefined ? { type: 'claim' } : { type: 'claim', token });
const release = (begin: number, end: number, token: number) => op(begin, end, { type: 'release', token });
const holder = (begin: number, end: number, token?: number) =>
  op(begin, end, token === undefined ? { type: 'holder' } : { type: 'holder', token });
const busy = (begin: number, end: number) => op(begin, end, { type: 'busy' });
const update = (begin: number, end: number, token: number) => op(begin, end, { type: 'update', token });

describe('the checker of histories of names', () => {
  it.each<[string, readonly RecordedOperation[], readonly Fault[]]>([
    ['nothing', [], []],
    ['one holder after the other', [claim(1, 2, 5), busy(3, 4), release(5, 6, 5), claim(7, 8, 9)], []],
    [
      'calls that overlap and must be ordered by their results',
      [release(2, 9, 5), claim(3, 8, 7), claim(0, 1, 5)],
      [],
    ],
    ['a claim that took effect although nobody saw its end', [claim(1, Infinity), busy(2, 3)], []],
    ['a claim without end that had no effect', [claim(1, Infinity), holder(2, 3), claim(4, 5, 6)], []],
    [
      'a claim without end whose token others see',
      [claim(1, Infinity), holder(2, 3, 5), busy(4, 5), holder(6, 7, 5)],
      [],
    ],
    ['a claim after the fault of the holder', [claim(1, 2, 5), claim(4, 5, 6)], [{ holder: 5, at: 3 }]],
    [
      'a holder whose session is over while it still has the key',
      [claim(1, 2, 5), holder(4, 5), busy(6, 7)],
      [{ holder: 5, at: 3 }],
    ],
    [
      'a release of a claim that was lost before',
      [claim(1, 2, 5), claim(4, 5, 6), release(7, 8, 5), holder(9, 10, 6)],
      [{ holder: 5, at: 3 }],
    ],
  ])('accepts %s', (_, operations, faults) => {
    expect(isLinearizable(operations, faults)).toBe(true);
  });

  it.each<[string, readonly RecordedOperation[], readonly Fault[]]>([
    ['two holders at one time', [claim(1, 2, 5), claim(3, 4, 6), release(5, 6, 5)], []],
    ['a token that does not rise', [claim(1, 2, 5), release(3, 4, 5), claim(5, 6, 4)], []],
    ['a token that comes twice', [claim(1, 2, 5), release(3, 4, 5), claim(5, 6, 5)], []],
    ['a busy key that nobody holds', [claim(1, 2, 5), release(3, 4, 5), busy(5, 6)], []],
    ['a holder that is not seen', [claim(1, 2, 5), holder(3, 4)], []],
    ['a holder from before', [claim(1, 2, 5), release(3, 4, 5), claim(5, 6, 6), holder(7, 8, 5)], []],
    ['a claim before the fault of the holder', [claim(1, 2, 5), claim(3, 4, 6)], [{ holder: 5, at: 5 }]],
    [
      'a claim without end of which two tokens are seen',
      [claim(1, Infinity), holder(2, 3, 5), holder(4, 5, 6)],
      [],
    ],
    ['the fault of another', [claim(1, 2, 5), claim(4, 5, 6)], [{ holder: 4, at: 3 }]],
    ['an update after the loss', [claim(1, 2, 5), claim(4, 5, 6), update(6, 7, 5)], [{ holder: 5, at: 3 }]],
  ])('refuses %s', (_, operations, faults) => {
    expect(isLinearizable(operations, faults)).toBe(false);
  });

  it('judges hundreds of operations of which a few overlap', () => {
    const operations = Array.from({ length: 150 }, (_, i) => [
      claim(10 * i, 10 * i + 4, i + 1),
      op(10 * i + 1, 10 * i + 9, { type: 'busy' }),
      release(10 * i + 6, 10 * i + 8, i + 1),
    ]).flat();
    expect(isLinearizable(operations)).toBe(true);
    expect(isLinearizable([...operations, busy(10_000, 10_001)])).toBe(false);
  });
});
