import { defineScope } from '../scope';
import { InvalidOptionError } from '../term';
import { localTransport } from '../transport/local';
import { normalNodeOptions } from './node-options';

const normal = (options: object) => normalNodeOptions(options, localTransport);

describe('the options of a node', () => {
  it('every option of a node has a default', () => {
    const options = normal({});
    expect(options).toMatchObject({ namespace: 'pg', connectTimeoutMs: 5000, limits: { maxDepth: 32 } });
    expect(options.scopes.map(({ name }) => name)).toEqual(['pg']);
    expect(options.node).toMatch(new RegExp(`\\.${process.pid}-[a-z0-9]{6}$`));
    expect(normal({}).node).not.toBe(options.node);
  });

  it('an unknown option of a node is reported together with the valid ones', () => {
    const attempt = () => normal({ namespcae: 'x' });
    expect(attempt).toThrow(InvalidOptionError);
    expect(attempt).toThrow(/'namespcae'.*namespace.*peerTimeoutMs.*Nothing was started/);
  });

  it.each([
    ['node', ''],
    ['node', 'x'.repeat(129)],
    ['node', '\ud800'],
    ['namespace', 7],
    ['connectTimeoutMs', 0],
    ['connectTimeoutMs', '5'],
    ['maxKeyBytes', -1],
    ['maxDepth', 1.5],
    ['maxDepth', 257],
    ['maxValueBytes', 600_000],
    ['peerTimeoutMs', 0],
    ['transport', {}],
    ['scopes', 'workers'],
    ['remoteStacks', 'yes'],
  ])('a wrong %s is refused by name', (option, value) => {
    const attempt = () => normal({ [option]: value });
    expect(attempt).toThrow(InvalidOptionError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option }) as Error);
  });

  it('the default scope may have options of its own, and stays first', () => {
    const { scopes } = normal({ scopes: ['workers', { name: 'pg', keys: 'unique' }, 'workers'] });
    expect(scopes.map(({ name, keys }) => [name, keys])).toEqual([
      ['pg', 'unique'],
      ['workers', 'duplicate'],
    ]);
  });

  it('a scope given by name alone is the same scope as one given with options, in either order', () => {
    const keysOf = (...scopes: unknown[]) => normal({ scopes }).scopes.map(({ name, keys }) => [name, keys]);
    const docs = { name: 'docs', keys: 'unique' };
    const expected = [
      ['pg', 'duplicate'],
      ['docs', 'unique'],
    ];
    expect(keysOf('docs', docs)).toEqual(expected);
    expect(keysOf(docs, { name: 'docs' }, docs)).toEqual(expected);
    expect(keysOf(defineScope({ name: 'docs' }), docs, defineScope('docs'))).toEqual(expected);
  });

  it('a scope given twice with different options is refused with both sets', () => {
    const attempt = () =>
      normal({
        scopes: [
          { name: 'docs', keys: 'duplicate' },
          { name: 'docs', keys: 'unique' },
        ],
      });
    expect(attempt).toThrow(InvalidOptionError);
    expect(attempt).toThrow(/'duplicate'.*'unique'/);
  });
});
