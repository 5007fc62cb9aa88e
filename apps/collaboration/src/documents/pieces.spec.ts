import { PIECE_BYTES } from './limits';
import { Assembly, piecesOf } from './pieces';

describe('pieces', () => {
  test.each([0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])(
    '%i bytes are put together again',
    (length) => {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      const assembly = new Assembly(length);
      const wholes = piecesOf(bytes).map((piece) => assembly.add(piece));
      expect(wholes.slice(0, -1).every((whole) => whole === undefined)).toBe(true);
      expect(Buffer.compare(wholes.at(-1)!, bytes)).toBe(0);
    },
  );

  test('what becomes too long is refused and forgotten, and the next one is put together', () => {
    const assembly = new Assembly(2);
    assembly.add({ bytes: Uint8Array.of(1, 2), isLast: false });
    expect(() => assembly.add({ bytes: Uint8Array.of(3), isLast: false })).toThrow(RangeError);
    expect(assembly.add({ bytes: Uint8Array.of(4), isLast: true })).toEqual(Uint8Array.of(4));
  });
});
