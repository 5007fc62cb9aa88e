import { DEFAULT_VALUE_LIMITS, PidInterner } from '../../term';
import { DecodeError } from '../../wire';
import { decodeRecord, encodeRecord, type LeaseRecord, LONGEST_TTL_MS } from './lease-records';

const pids = new PidInterner();
const decoding = { pids, limits: DEFAULT_VALUE_LIMITS };
const pid = pids.intern('a', '0123456789abcdef', 3);

describe('records of leases', () => {
  const records: readonly LeaseRecord[] = [
    { type: 'session', open: true, ttlMs: 10_000, takeover: 'lease', nonce: 'n.1' },
    { type: 'session', open: false, ttlMs: 1000, takeover: 'crash', nonce: 'n.2' },
    { type: 'claim', key: ['doc', 1], nonce: 'n.3', holder: undefined },
    {
      type: 'claim',
      key: 'r',
      nonce: 'n.5',
      holder: undefined,
      reservedFor: { incarnation: 'b'.repeat(16), forMs: 10_000 },
    },
    {
      type: 'claim',
      key: 'k',
      nonce: 'n.4',
      holder: { session: 's.1', pid, value: { at: 1 }, token: 2 ** 52 },
    },
  ];

  test.each(records)('are read as they were written: $type $nonce', (record) => {
    expect(decodeRecord(encodeRecord(record), decoding)).toEqual(record);
  });

  test.each(records)('cut off or with one more byte are refused: $type $nonce', (record) => {
    const bytes = encodeRecord(record);
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decodeRecord(bytes.subarray(0, length), decoding)).toThrow(DecodeError);
    expect(() => decodeRecord(Uint8Array.of(...bytes, 0), decoding)).toThrow(DecodeError);
  });

  test('of another version, or with a ttl that would block a key for years, are refused', () => {
    const bytes = encodeRecord(records[0]);
    expect(() => decodeRecord(bytes.with(0, 2), decoding)).toThrow('another version');
    const forever = encodeRecord({ ...records[0], ttlMs: LONGEST_TTL_MS + 1 } as LeaseRecord);
    const reservedFor = { incarnation: 'b', forMs: LONGEST_TTL_MS + 1 };
    const reserved = encodeRecord({ type: 'claim', key: 'k', nonce: 'n', holder: undefined, reservedFor });
    expect(() => decodeRecord(reserved, decoding)).toThrow('out of range');
    expect(() => decodeRecord(forever, decoding)).toThrow('out of range');
  });
});
