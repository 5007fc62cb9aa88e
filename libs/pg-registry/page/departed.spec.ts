import type { ObservedNode } from '../src/observer';
import { departedOf, standingOf } from './departed';

const node = (name: string, rest: Partial<ObservedNode> = {}): ObservedNode => ({
  node: name,
  incarnation: 'i',
  answer: 'nobody',
  roundTripMs: undefined,
  clockSkewMs: undefined,
  suspectedBy: [],
  unknownTo: [],
  fact: undefined,
  ...rest,
});

describe('nodes that have gone', () => {
  it('are those that were there the last time, and stay for a minute', () => {
    const gone = departedOf([], [node('a'), node('b')], [node('a')], 1000);
    expect(gone).toEqual([{ node: 'b', incarnation: 'i', at: 1000 }]);
    expect(departedOf(gone, [node('a')], [node('a')], 60_999)).toEqual(gone);
    expect(departedOf(gone, [node('a')], [node('a')], 61_000)).toEqual([]);
  });

  it('are there again under the same name, and gone once only', () => {
    const gone = departedOf([], [node('b')], [], 1000);
    expect(departedOf(gone, [], [node('b')], 2000)).toEqual([]);
    expect(departedOf(gone, [node('b')], [], 3000)).toEqual([{ node: 'b', incarnation: 'i', at: 3000 }]);
  });
});

test('a node stands as a suspect before it stands as one that does not answer', () => {
  expect(standingOf(node('a', { suspectedBy: ['b'] }))).toBe('suspect');
  expect(standingOf(node('a'))).toBe('silent');
});
