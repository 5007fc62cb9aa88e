import { InvalidArgumentError } from '../term';
import { compileMatch, compileSpec } from '.';

/** `[[[…]]]`, deeper than the stack of Node.js. */
function deepArray(): unknown {
  let deep: unknown = [];
  for (let i = 0; i < 100_000; i += 1) deep = [deep];
  return deep;
}

function deepRecord(): unknown {
  let deep: unknown = {};
  for (let i = 0; i < 100_000; i += 1) deep = { deep };
  return deep;
}

function deepCall(): unknown {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i += 1) deep = ['+', deep, 1];
  return deep;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const throwing = new Proxy({}, { ownKeys: () => { throw new TypeError('from a trap'); } }); // prettier-ignore

describe('hostile queries', () => {
  const parts: readonly (readonly [string, () => unknown])[] = [
    ['an array 100,000 deep', deepArray],
    ['an object 100,000 deep', deepRecord],
    ['calls 100,000 deep', deepCall],
    ['a quoted array 100,000 deep', () => ['const', deepArray()]],
    ['a built object 100,000 deep', () => ['object', deepRecord()]],
    ['a revoked proxy', revoked],
    ['a revoked proxy inside of an array', () => ['const', [revoked()]]],
    ['a proxy whose trap throws', () => throwing],
  ];

  it.each(parts)('refuses %s with InvalidArgumentError, wherever it stands in a query', (_, make) => {
    const part = make();
    const specs: readonly unknown[] = [
      part,
      { head: part },
      { head: { key: part } },
      { head: { pid: part } },
      { head: { value: part } },
      { head: { value: { part } }, body: true },
      { head: {}, guards: part },
      { head: {}, guards: [part] },
      { head: {}, body: part },
    ];
    for (const spec of specs)
      expect(failureOf(() => compileSpec(spec as never))).toBe('INVALID_ARGUMENT or none');
    expect(failureOf(() => compileMatch(part as never))).toBe('INVALID_ARGUMENT or none');
    expect(failureOf(() => compileMatch({}, part as never))).toBe('INVALID_ARGUMENT or none');
  });

  it('names the reason when a query is too deep', () => {
    const spec = { head: { key: deepArray() } };
    expect(() => compileSpec(spec as never)).toThrow(/nested/);
  });
});

function failureOf(compile: () => unknown): string {
  try {
    compile();
    return 'INVALID_ARGUMENT or none';
  } catch (error) {
    return error instanceof InvalidArgumentError ? 'INVALID_ARGUMENT or none' : String(error);
  }
}
