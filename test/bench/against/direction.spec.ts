import { isCost } from './direction';

describe('the direction of a figure', () => {
  it.each(['µs', 'ms', 's', 'µs/entry', 'B/entry', 'ms/s', 'B/s'])('is better when less: %s', (unit) => {
    expect(isCost({ unit, target: null })).toBe(true);
  });

  it.each(['/s', 'keys/s', 'pairs/s', 'rows/s', 'entries/s', 'events/s', 'calls/s'])(
    'is better when more: %s',
    (unit) => {
      expect(isCost({ unit, target: null })).toBe(false);
    },
  );

  it('is that of the target where there is one, whatever the unit', () => {
    expect(isCost({ unit: 'packets', target: '≤ 1.5 ×' })).toBe(true);
    expect(isCost({ unit: 'B/s', target: '≥ 0.8 × and ≥ 1 M' })).toBe(false);
  });
});
