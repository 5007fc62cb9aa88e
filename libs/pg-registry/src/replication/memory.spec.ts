import { protocolOptions } from '../cluster/protocol-options';
import { COPY_OVERHEAD_BYTES, OBJECT_OVERHEAD_BYTES, Pool, ReplicationBudget } from './budget';
import { OperationRing } from './operation-ring';
import { ReorderBuffer } from './inbound/reorder-buffer';

const bytes = (length: number): Uint8Array => new Uint8Array(length);
const COST = 100 + OBJECT_OVERHEAD_BYTES;
const COPY_COST = 100 + COPY_OVERHEAD_BYTES;

describe('the ring', () => {
  it('the ring keeps the recent operations of all streams within one pool, and drops the oldest first', () => {
    const pool = new Pool(3 * COST);
    const [one, other] = [new OperationRing(pool, 1), new OperationRing(pool, 1)];
    one.add(5, bytes(100));
    other.add(1, bytes(100));
    other.add(2, bytes(100));
    other.add(4, bytes(100));
    expect([one.oldest, one.end, one.size]).toEqual([6, 6, 0]);
    expect([other.oldest, other.end, other.size]).toEqual([1, 5, 3]);
    expect(pool.size).toBe(3 * COST);
  });

  it('the ring finds the bodies that contain any operation of a range', () => {
    const ring = new OperationRing(new Pool(1e6), 1);
    for (const last of [3, 4, 9, 10]) ring.add(last, bytes(last));
    expect(Array.from(ring.between(4, 5), ({ first, last }) => [first, last])).toEqual([
      [4, 4],
      [5, 9],
    ]);
  });

  it('the ring keeps all parts of an operation or none', () => {
    const pool = new Pool(3 * COST);
    const ring = new OperationRing(pool, 1);
    ring.addParts([bytes(100), bytes(100)]);
    expect(ring.oldest).toBe(1);
    ring.add(2, bytes(100));
    ring.add(3, bytes(100));
    expect(ring.oldest).toBe(2);
    ring.addParts([bytes(100), bytes(100), bytes(100), bytes(100)]);
    expect([ring.oldest, ring.end, pool.size]).toEqual([5, 5, 0]);
  });
});

describe('the reorder buffer', () => {
  it('the reorder buffer returns frames in their order, whatever order they arrived in', () => {
    const buffer = new ReorderBuffer(new Pool(1e6), 'peer', 1e6, 1e6);
    for (const [first, last] of [
      [7, 9],
      [3, 4],
      [5, 6],
    ]) {
      expect(buffer.add(first, last, bytes(1))).toBe(true);
    }
    expect(buffer.first).toBe(3);
    expect(buffer.take(2)).toBeUndefined();
    expect(buffer.take(3)?.last).toBe(4);
    expect(buffer.take(8)?.first).toBe(7);
    expect(buffer.first).toBe(Infinity);
  });

  it('the reorder buffer does not keep the same frame twice', () => {
    const pool = new Pool(1e6);
    const buffer = new ReorderBuffer(pool, 'peer', 1e6, 1e6);
    expect([buffer.add(3, 4, bytes(100)), buffer.add(3, 4, bytes(100))]).toEqual([true, false]);
    expect(pool.size).toBe(COPY_COST);
  });

  it('the reorder buffer refuses frames when their stream has used its share, so the frames nearest to the gap stay', () => {
    const buffer = new ReorderBuffer(new Pool(1e6), 'peer', 2 * COPY_COST, 1e6);
    expect([2, 3, 4].map((number) => buffer.add(number, number, bytes(100)))).toEqual([true, true, false]);
  });

  it('the reorder buffer drops its oldest frames when other streams need the room', () => {
    const pool = new Pool(2 * COPY_COST);
    const [one, other] = [
      new ReorderBuffer(pool, 'peer', 1e6, 1e6),
      new ReorderBuffer(pool, 'peer', 1e6, 1e6),
    ];
    one.add(2, 2, bytes(100));
    other.add(2, 2, bytes(100));
    other.add(3, 3, bytes(100));
    expect(one.first).toBe(Infinity);
    other.clear();
    expect(pool.size).toBe(0);
  });

  it('the reorder buffer joins parts in any order, and takes a limited number of partial operations at a time', () => {
    const pool = new Pool(1e6);
    const buffer = new ReorderBuffer(pool, 'peer', 1e6, 1e6);
    buffer.addPart({ number: 5, index: 1, parts: 2 }, Uint8Array.of(3, 4));
    expect(buffer.has(5)).toBe(false);
    buffer.addPart({ number: 5, index: 0, parts: 2 }, Uint8Array.of(1, 2));
    expect(buffer.take(5)?.body).toEqual(Uint8Array.of(1, 2, 3, 4));
    const taken = Array.from({ length: 20 }, (_, at) =>
      buffer.addPart({ number: 10 + at, index: 0, parts: 2 }, bytes(1)),
    );
    expect(taken.filter(Boolean)).toHaveLength(8);
    expect(buffer.take(100)).toBeUndefined();
    expect(pool.size).toBe(0);
  });

  it('the reorder buffer refuses parts that contradict each other', () => {
    const buffer = new ReorderBuffer(new Pool(1e6), 'peer', 1e6, 1000);
    buffer.addPart({ number: 5, index: 0, parts: 9 }, bytes(100));
    expect(() => buffer.addPart({ number: 5, index: 1, parts: 3 }, bytes(1))).toThrow('contradict');
  });

  it('the reorder buffer sees that an operation is too large from its first part, or from the part that makes it so', () => {
    const buffer = new ReorderBuffer(new Pool(1e6), 'peer', 1e6, 1000);
    expect(buffer.isTooLarge({ number: 5, index: 0, parts: 9 }, 126)).toBe(true);
    expect(buffer.isTooLarge({ number: 5, index: 0, parts: 9 }, 125)).toBe(false);
    expect(buffer.isTooLarge({ number: 5, index: 8, parts: 9 }, 1000)).toBe(false);
    buffer.addPart({ number: 5, index: 8, parts: 9 }, bytes(900));
    expect(buffer.isTooLarge({ number: 5, index: 0, parts: 9 }, 101)).toBe(true);
    expect(buffer.isTooLarge({ number: 5, index: 8, parts: 9 }, 900)).toBe(false);
  });
});

describe('the budget', () => {
  it('the budget asks for a flush at half of the unflushed bytes that are allowed, and closes at all of them', () => {
    const budget = new ReplicationBudget(protocolOptions({ maxUnflushedBytes: 1000 }));
    expect(budget.open).toBe(false);
    budget.connected();
    budget.published(499);
    expect([budget.open, budget.wantsFlush]).toEqual([true, false]);
    budget.published(100);
    expect(budget.wantsFlush).toBe(true);
    budget.beginFlush();
    expect(budget.wantsFlush).toBe(false);
    budget.published(500);
    expect(budget.open).toBe(false);
    budget.flushed();
    expect([budget.open, budget.wantsFlush]).toEqual([true, true]);
  });

  it('the budget forgets unflushed bytes when the connection is lost', () => {
    const budget = new ReplicationBudget(protocolOptions({ maxUnflushedBytes: 1000 }));
    budget.connected();
    budget.published(5000);
    expect(budget.wantsFlush).toBe(true);
    budget.beginFlush();
    budget.disconnected();
    budget.connected();
    expect([budget.open, budget.wantsFlush]).toEqual([true, false]);
  });
});
