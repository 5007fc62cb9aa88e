import { Pool } from '../budget';
import { ReorderBuffer } from './reorder-buffer';

const MAX_BYTES = 10_000;

describe('the pieces of an operation that waits for others of its pieces', () => {
  it('take no more than the part of the pool that one peer may have, while the pool has room', () => {
    const pool = new Pool(100 * MAX_BYTES);
    const buffer = new ReorderBuffer(pool, 'peer', MAX_BYTES, 100 * MAX_BYTES);
    const piece = new Uint8Array(1000);
    const kept = Array.from({ length: 50 }, (_, index) =>
      buffer.addPart({ number: 2, index, parts: 60 }, piece),
    );
    expect(kept[0]).toBe(true);
    expect(kept.at(-1)).toBe(false);
    expect(pool.heldBy('peer')).toBeLessThanOrEqual(MAX_BYTES);
    expect(buffer.bytes).toBe(pool.heldBy('peer'));
  });
});
