import {
  describeValue,
  formatKey,
  InvalidValueError,
  messageOfThrown,
  normalKey,
  normalValue,
  Pid,
  PidInterner,
  printable,
  quoteText,
  stackOfThrown,
  type Value,
} from '.';

const LIMITS = { maxKeyBytes: 1000, maxValueBytes: 1000, maxDepth: 10 };

function revoked(): Value {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('hostile objects', () => {
  it.each([
    ['a revoked proxy', revoked()],
    ['a revoked proxy inside of an array', [revoked()]],
    ['a proxy whose trap throws', new Proxy([], { getPrototypeOf: () => { throw new Error('a\nb'); } })], // prettier-ignore
  ])('refuses %s as key or value with InvalidValueError', (_, hostile) => {
    const pids = new PidInterner();
    expect(() => normalKey(hostile, LIMITS, pids)).toThrow(InvalidValueError);
    expect(() => normalValue(hostile, LIMITS, pids)).toThrow(InvalidValueError);
    expect(() => normalValue(hostile, LIMITS, pids)).toThrow(
      /^The value cannot be read: [^\n]+ Nothing was stored\.$/,
    );
  });

  it('describes a revoked proxy in messages', () => {
    expect(describeValue(revoked())).toBe('an object');
    expect(formatKey(revoked())).toBe('a value that cannot be read');
    expect(messageOfThrown(revoked())).toBe('an object that cannot be read');
    expect(stackOfThrown(revoked())).toBe('');
  });
});

describe('texts of peers', () => {
  const nasty = "a\nb\u001b[31m\u0000\u009b\u202e\ud800'";

  it('escapes line breaks, control characters, bidirectional marks and lone surrogates', () => {
    expect(printable(nasty)).toBe(String.raw`a\nb\u001b[31m\u0000\u009b\u202e\ud800` + "'");
    expect(quoteText('a\nb')).toBe(String.raw`'a\nb'`);
    expect(describeValue('a\nb')).toBe(String.raw`'a\nb'`);
    expect(describeValue(1n << 100_000n)).toBe('a huge bigint');
    expect(printable('äöü 😀 日本語')).toBe('äöü 😀 日本語');
  });

  it('cuts long texts', () => {
    expect(printable('x'.repeat(10_000))).toHaveLength(2001);
    expect(quoteText('x'.repeat(10_000))).toHaveLength(82);
    expect(messageOfThrown(new Error('x'.repeat(100_000)))).toHaveLength(4096);
  });

  it('escapes the name of the node in the text of a Pid', () => {
    expect(String(new Pid('evil\n[31m', '00000000000000aa', 1))).toBe(String.raw`<evil\n[31m.1>`);
  });
});
