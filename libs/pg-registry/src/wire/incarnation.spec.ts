import * as fc from 'fast-check';
import { belongsTo, incarnationOf, isIncarnation } from './incarnation';

const bits = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('an incarnation', () => {
  it('an incarnation belongs to the name that it was made for, and to no similar name', () => {
    fc.assert(
      fc.property(fc.string(), bits, (node, drawn) => {
        const incarnation = incarnationOf(node, drawn);
        expect(isIncarnation(incarnation)).toBe(true);
        expect(belongsTo(incarnation, node)).toBe(true);
        for (const other of [`${node} `, `x${node}`, `${node}0`])
          expect(belongsTo(incarnation, other)).toBe(false);
      }),
    );
  });

  it('an incarnation differs for other random bits', () => {
    fc.assert(
      fc.property(fc.string(), fc.uniqueArray(bits, { minLength: 2, maxLength: 2 }), (node, [one, other]) => {
        expect(incarnationOf(node, one)).not.toBe(incarnationOf(node, other));
      }),
    );
  });

  it('an incarnation is told from other texts by its form', () => {
    for (const text of ['', 'a', 'A'.repeat(16), `${'a'.repeat(15)}g`, 'a'.repeat(17)])
      expect(isIncarnation(text)).toBe(false);
  });
});
