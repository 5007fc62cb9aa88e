import { InvalidArgumentError, InvalidOptionError } from '../term';
import { defineScope } from './definition';
import type { RegistryListener } from './listener';
import { formatScopeOptions, normalScopeOptions, sameScopeOptions, scopeName } from './options';
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
  it('are a name, or an object, with defaults filled in', () => {
    const defaults = { name: 'a', keys: 'duplicate', partitions: 1, listeners: [], meta: {} };
    expect(normalScopeOptions('a')).toEqual(defaults);
    expect(normalScopeOptions({ name: 'a' })).toEqual(defaults);
    expect(normalScopeOptions(defineScope({ name: 'a' }))).toEqual(defaults);
    expect(defineScope('a')).toEqual({ name: 'a' });
    expect(Object.isFrozen(defineScope({ name: 'a', keys: 'unique' }))).toBe(true);
    expect(Object.isFrozen(normalScopeOptions('a'))).toBe(true);
  });

  it('need a name, and missing it is another error than a wrong one', () => {
    expect(() => check({})).toThrow(InvalidArgumentError);
    expect(() => check({ name: '' })).toThrow(InvalidOptionError);
    expect(() => check({ name: 7 })).toThrow(InvalidOptionError);
    expect(() => check('\ud800')).toThrow(InvalidOptionError);
    for (const nothing of [undefined, null, 7, []])
      expect(() => check(nothing)).toThrow(InvalidArgumentError);
  });

  it('that are unknown are named together with the valid ones', () => {
    expect(() => check({ name: 'a', kees: 1 })).toThrow(
      "Unknown scope option 'kees'; valid are name, keys, partitions, listeners, meta. Nothing was started.",
    );
  });

  it('take no more than one partition, and say why', () => {
    expect(normalScopeOptions({ name: 'a', partitions: 1 }).partitions).toBe(1);
    expect(() => check({ name: 'a', partitions: 4 })).toThrow(
      /partitions: 4 is not supported: .*one thread of writes/,
    );
    for (const partitions of [0, -1, 1.5, '1', null]) {
      expect(() => check({ name: 'a', partitions })).toThrow(
        "Scope option 'partitions' is 1 (the default), not",
      );
    }
  });

  it.each([null, 'duplicate-by-key', ['duplicate', 'key']])('take no key mode %j', (keys) => {
    expect(() => check({ name: 'a', keys })).toThrow(
      "Scope option 'keys' is 'duplicate' (the default) or 'unique'",
    );
  });

  it('take listeners as a list of tokens and objects that listen', () => {
    const listeners = ['audit', Symbol('audit'), Audit, { onRegister: () => undefined }];
    expect(normalScopeOptions({ name: 'a', listeners }).listeners).toEqual(listeners);
    for (const wrong of ['audit', [['audit', 'node']], [{}], [7], [null], ['']]) {
      expect(() => check({ name: 'a', listeners: wrong })).toThrow("Scope option 'listeners' is a list of");
    }
  });

  it('take metadata as an object', () => {
    expect(normalScopeOptions({ name: 'a', meta: { region: 'eu' } }).meta).toEqual({ region: 'eu' });
    expect(() => check({ name: 'a', meta: ['region'] })).toThrow(InvalidOptionError);
  });

  it.each([
    [{ x: 1, partitions: 2, keys: 'x', listeners: 'x' }, 'x'],
    [{ partitions: 2, keys: 'x', listeners: 'x' }, 'partitions'],
    [{ keys: 'x', listeners: 'x' }, 'keys'],
    [{ listeners: 'x' }, 'listeners'],
  ])('are checked in a fixed order: %j', (options, option) => {
    expect(() => check({ name: 'a', ...options })).toThrow(expect.objectContaining({ option }));
  });

  it('are compared by what they start', () => {
    const listener = { onRegister: (): void => undefined };
    expect(sameScopeOptions(normalScopeOptions({ name: 'a', keys: 'duplicate' }), withListeners())).toBe(
      true,
    );
    expect(sameScopeOptions(withListeners(listener), withListeners(listener))).toBe(true);
    expect(sameScopeOptions(withListeners(listener), withListeners())).toBe(false);
    expect(sameScopeOptions(withMeta(), withMeta())).toBe(true);
    expect(sameScopeOptions(normalScopeOptions({ name: 'a', keys: 'unique' }), withListeners())).toBe(false);
  });

  it('have a short text for messages', () => {
    expect(
      formatScopeOptions(normalScopeOptions({ name: 'a', listeners: [Audit, 'log'], meta: { region: 1 } })),
    ).toBe("{ name: 'a', keys: 'duplicate', listeners: [Audit, log], meta: { region } }");
    expect(scopeName(defineScope('docs'))).toBe('docs');
  });
});
