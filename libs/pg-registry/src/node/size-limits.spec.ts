import { DEFAULT_PROTOCOL_OPTIONS } from '../cluster';
import { DEFAULT_VALUE_LIMITS, normalKey, normalValue, PidInterner } from '../term';
import { SizeLimits } from './size-limits';

const KB = 1024;

function limitsAt(maxPayload?: number): SizeLimits {
  const limits = new SizeLimits(DEFAULT_VALUE_LIMITS, DEFAULT_PROTOCOL_OPTIONS);
  if (maxPayload !== undefined) limits.limit(maxPayload);
  return limits;
}

describe('the limits of keys, values and messages', () => {
  it('before the connection, and on a server with large messages, are those of the options', () => {
    for (const limits of [limitsAt(), limitsAt(1024 * KB)]) {
      expect(limits.entries).toEqual({ ...DEFAULT_VALUE_LIMITS, limitedBy: undefined });
      expect(limits.messages.maxValueBytes).toBe(512 * KB - 512);
    }
  });

  it('leave room for a key and a value in one message of the server', () => {
    for (const kilobytes of [8, 16, 32, 64]) {
      const { entries, messages, maxBodyBytes } = limitsAt(kilobytes * KB);
      expect(entries.maxKeyBytes + entries.maxValueBytes).toBeLessThanOrEqual(kilobytes * KB - 5 * KB);
      expect(entries.maxValueBytes).toBeGreaterThan(2 * KB);
      expect(messages.maxValueBytes).toBe(maxBodyBytes);
    }
  });

  it('rise again with the server', () => {
    const limits = limitsAt(32 * KB);
    const { entries } = limits;
    limits.limit(1024 * KB);
    expect(entries).toEqual(limitsAt().entries);
  });

  it('are named together with the limit that they come from', () => {
    const { entries, messages } = limitsAt(32 * KB);
    const pids = new PidInterner();
    const large = 'x'.repeat(40_000);
    const because = /because the broker takes messages of at most 32768 bytes \(max_payload\)/;
    expect(() => normalValue(large, entries, pids)).toThrow(because);
    expect(() => normalValue(large, messages, pids)).toThrow(because);
    expect(() => normalKey(large, entries, pids)).toThrow(because);
    expect(() => normalValue(large.repeat(2), limitsAt().entries, pids)).toThrow(
      /maxValueBytes = 65536 bytes/,
    );
  });
});
