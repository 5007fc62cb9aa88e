import { InvalidArgumentError, InvalidOptionError } from '../term';
import { defineScope } from './define-scope';
import type { RegistryListener } from './listener';
import { formatScopeOptions, normalScopeOptions, sameScopeOptions, scopeName } from './scope-options';
import { callLoosely } from './scope.fixture';

/** With whatever JavaScript without types passes. */
const check = (options: unknown): unknown =>
  callLoosely({ normalScopeOptions }, 'normalScopeOptions', options);

class Audit {
  onRegister(): void {}
}

const withMeta = () => normalScopeOptions({ name: 'a', meta: { a: [1] } });
const withListeners = (...listeners: RegistryListener[]) => normalScopeOptions({ name: 'a', listeners });

describe('the options of a scope', () => {
  it('a scope given by name alone gets the default options', () => {
    const defaults = { name: 'a', keys: 'duplicate', partitions: 1, listeners: [], meta: {} };
    expect(normalScopeOptions('a')).toEqual(defaults);
    expect(normalScopeOptions({ name: 'a' })).toEqual(defaults);
    expect(normalScopeOptions(defineScope({ name: 'a' }))).toEqual(defaults);
    expect(defineScope('a')).toEqual({ name: 'a' });
    expect(Object.isFrozen(defineScope({ name: 'a', keys: 'unique' }))).toBe(true);
    expect(Object.isFrozen(normalScopeOptions('a'))).toBe(true);
  });

  it('a scope without a name is an InvalidArgumentError, one with a wrong name an InvalidOptionError', () => {
    expect(() => check({})).toThrow(InvalidArgumentError);
    expect(() => check({ name: '' })).toThrow(InvalidOptionError);
    expect(() => check({ name: 7 })).toThrow(InvalidOptionError);
    expect(() => check('\ud800')).toThrow(InvalidOptionError);
    expect(() => check('n'.repeat(129))).toThrow(InvalidOptionError);
    expect(normalScopeOptions('n'.repeat(128)).name).toHaveLength(128);
    for (const nothing of [undefined, null, 7, []])
      expect(() => check(nothing)).toThrow(InvalidArgumentError);
  });

  it('an unknown option of a scope is reported together with the valid ones', () => {
    expect(() => check({ name: 'a', kees: 1 })).toThrow(
      "Unknown option 'kees' of a scope. Valid options are name, keys, partitions, listeners, meta. Nothing was started.",
    );
  });

  it('more than one partition is refused with the reason', () => {
    expect(normalScopeOptions({ name: 'a', partitions: 1 }).partitions).toBe(1);
    expect(() => check({ name: 'a', partitions: 4 })).toThrow(
      "Option 'partitions' of a scope must be 1, because a Node.js process writes in one thread (got 4). Nothing was started.",
    );
    for (const partitions of [0, -1, 1.5, '1', null])
      expect(() => check({ name: 'a', partitions })).toThrow(
        "Option 'partitions' of a scope must be 1, because",
      );
  });

  it.each([null, 'duplicate-by-key', ['duplicate', 'key']])('the key mode %j is refused', (keys) => {
    expect(() => check({ name: 'a', keys })).toThrow(
      "Option 'keys' of a scope must be 'duplicate' or 'unique' (got",
    );
  });

  it('listeners of a scope are a list of tokens and objects with listener methods', () => {
    const listeners = ['audit', Symbol('audit'), Audit, { onRegister: () => undefined }];
    expect(normalScopeOptions({ name: 'a', listeners }).listeners).toEqual(listeners);
    for (const wrong of ['audit', [['audit', 'node']], [{}], [7], [null], ['']]) {
      expect(() => check({ name: 'a', listeners: wrong })).toThrow(
        "Option 'listeners' of a scope must be a list of",
      );
    }
  });

  it('metadata of a scope is an object', () => {
    expect(normalScopeOptions({ name: 'a', meta: { region: 'eu' } }).meta).toEqual({ region: 'eu' });
    expect(() => check({ name: 'a', meta: ['region'] })).toThrow(InvalidOptionError);
  });

  it.each([
    [{ x: 1, partitions: 2, keys: 'x', listeners: 'x' }, 'x'],
    [{ partitions: 2, keys: 'x', listeners: 'x' }, 'partitions'],
    [{ keys: 'x', listeners: 'x' }, 'keys'],
    [{ listeners: 'x' }, 'listeners'],
  ])('the first wrong option of a scope is reported, in a fixed order: %j', (options, option) => {
    expect(() => check({ name: 'a', ...options })).toThrow(expect.objectContaining({ option }));
  });

  it('scopes with the same listeners and equal metadata have the same options', () => {
    const listener = { onRegister: (): void => undefined };
    expect(sameScopeOptions(normalScopeOptions({ name: 'a', keys: 'duplicate' }), withListeners())).toBe(
      true,
    );
    expect(sameScopeOptions(withListeners(listener), withListeners(listener))).toBe(true);
    expect(sameScopeOptions(withListeners(listener), withListeners())).toBe(false);
    expect(sameScopeOptions(withMeta(), withMeta())).toBe(true);
    expect(sameScopeOptions(normalScopeOptions({ name: 'a', keys: 'unique' }), withListeners())).toBe(false);
  });

  it('options of a scope have a short text for messages', () => {
    expect(
      formatScopeOptions(normalScopeOptions({ name: 'a', listeners: [Audit, 'log'], meta: { region: 1 } })),
    ).toBe("{ name: 'a', keys: 'duplicate', listeners: [Audit, log], meta: { region } }");
    expect(scopeName(defineScope('docs'))).toBe('docs');
  });
});
