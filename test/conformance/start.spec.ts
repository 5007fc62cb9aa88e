import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  defineScope,
  InjectRegistry,
  InvalidArgumentError,
  InvalidOptionError,
  PgRegistryModule,
  PgRegistryService,
  ScopeAlreadyStartedError,
  ScopeNotRunningError,
  type ScopeOptions,
} from 'nestjs-pg-registry';
import { useLoneNodes } from './support/node';
import { observe, valuesOf } from './support/recording';

/** Options as a program without types may give them. */
const untyped = (options: unknown): never => options as never;

describe('starting a scope', () => {
  const start = useLoneNodes();

  test('C001 a scope starts by its name, by options and by a definition, and is empty', () => {
    const { node } = start({
      scopes: ['bare', { name: 'optioned', keys: 'unique' }, defineScope({ name: 'defined' })],
    });
    for (const name of ['bare', 'optioned', 'defined']) expect(node.scope(name).groups()).toEqual([]);
  });

  test('C002 options without a name throw an argument error, which differs from the error for a wrong option', () => {
    const { node } = start();
    const attempt = () => node.startScope(untyped({ keys: 'unique' }));
    expect(attempt).toThrow(InvalidArgumentError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
    expect(attempt).toThrow(/name/);
    expect(() => node.startScope(untyped({ name: 'x', nope: 1 }))).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }) as Error,
    );
  });

  test('C003 the error for an unknown option names the valid ones, and no scope has started', () => {
    const { node } = start();
    const options = untyped({ name: 'odd', nope: true });
    expect(() => node.startScope(options)).toThrow(InvalidOptionError);
    expect(() => node.startScope(options)).toThrow(/'nope'.*name.*keys.*partitions.*listeners.*meta/);
    expect(() => start({ scopes: [options] })).toThrow(/'nope'/);
    expect(() => node.scope('odd').groups()).toThrow(ScopeNotRunningError);
  });

  test('C005 four partitions are refused with their number, one partition is accepted', () => {
    const { node } = start();
    expect(() => node.startScope(untyped({ name: 'four', partitions: 4 }))).toThrow(
      /'partitions'.*thread.*got 4/,
    );
    expect(node.startScope({ name: 'one', partitions: 1 }).groups()).toEqual([]);
  });

  test.each([null, 'duplicate-by-key', ['duplicate', 'key']])('C007 key mode %j is refused', (keys) => {
    const { node } = start();
    expect(() => node.startScope(untyped({ name: 'x', keys }))).toThrow(InvalidOptionError);
  });

  test('C007 the default key mode is duplicate', () => {
    expect(start({ scopes: ['x'] }).node.scope('x').keysMode).toBe('duplicate');
  });

  test.each(['Audit', [['Audit', 'a-node']], [7]])('C008 listeners %j are refused', (listeners) => {
    const { node } = start();
    expect(() => node.startScope(untyped({ name: 'x', listeners }))).toThrow(InvalidOptionError);
  });

  test('C008 a scope accepts a listener token that nothing provides', () => {
    const registry = start().node.startScope({ name: 'x', listeners: ['nobody'] });
    registry.register('k');
    expect(registry.count()).toBe(1);
  });

  test('C009 starting a running scope again returns the running one, which keeps its entries', () => {
    const { node } = start({ scopes: ['x'] });
    node.scope('x').register('k', 1);
    const attempt = () => node.startScope({ name: 'x', keys: 'unique' });
    expect(attempt).toThrow(ScopeAlreadyStartedError);
    expect(attempt).toThrow(expect.objectContaining({ running: node.scope('x') }) as Error);
    expect(valuesOf(node.scope('x'), 'k')).toEqual([1]);
    expect(node.scope('x').keysMode).toBe('duplicate');
  });

  test('C010 several modules under one parent can each ask for scopes', async () => {
    @Injectable()
    class Reader {
      constructor(
        @InjectRegistry('one') readonly one: PgRegistryService,
        @InjectRegistry('two') readonly two: PgRegistryService,
        @Inject(PgRegistryService) readonly byDefault: PgRegistryService,
      ) {}
    }
    @Module({ imports: [PgRegistryModule.forFeature('one')] })
    class One {}
    @Module({
      imports: [PgRegistryModule.forFeature('one', { name: 'two', keys: 'unique' })],
      providers: [Reader],
    })
    class Two {}
    const app = await Test.createTestingModule({ imports: [PgRegistryModule.forRoot(), One, Two] }).compile();
    await app.init();
    const { one, two, byDefault } = app.get(Reader);
    expect([one.scope, two.scope, byDefault.scope]).toEqual(['one', 'two', 'pg']);
    expect(two.keysMode).toBe('unique');
    await app.close();
  });

  test('C012 calls that need a scope throw that it does not run, and its count is 0', () => {
    const missing = start().node.scope('missing');
    for (const use of [
      () => missing.lookup('k'),
      () => missing.register('k'),
      () => missing.meta('m'),
      () => missing.monitor('k'),
    ]) {
      expect(use).toThrow(ScopeNotRunningError);
    }
    expect(missing.count()).toBe(0);
  });

  test('C013 entries of one scope are not visible in another', () => {
    const { node } = start({ scopes: ['x', 'y'] });
    const events = observe(node.scope('y'));
    node.scope('x').register('k');
    expect(node.scope('y').lookup('k')).toEqual([]);
    expect(events.told).toEqual([]);
  });

  test('R009 the error names the first of several wrong options, in the order unknown names, partitions, keys, listeners', () => {
    const wrong = { name: 'x', nope: 1, partitions: 0, keys: 'odd', listeners: 7 };
    const blamed = (options: object): unknown => {
      try {
        start().node.startScope(options as ScopeOptions);
        return undefined;
      } catch (error) {
        return error instanceof InvalidOptionError ? error.option : error;
      }
    };
    const { nope: _nope, ...known } = wrong;
    const { partitions: _partitions, ...whole } = known;
    const { keys: _keys, ...duplicate } = whole;
    expect([wrong, known, whole, duplicate].map(blamed)).toEqual(['nope', 'partitions', 'keys', 'listeners']);
  });

  test('R015 a module throws where it is declared if its options are wrong', () => {
    const options = { name: 'x', nope: 1 } as unknown as ScopeOptions;
    expect(() => PgRegistryModule.forFeature(options)).toThrow(/'nope'/);
    expect(() => PgRegistryModule.forRoot({ scopes: [options] })).toThrow(/'nope'/);
  });

  test('R168 a scope can start with metadata', () => {
    const { node } = start({ scopes: [{ name: 'x', meta: { m: { deep: [1] } } }] });
    expect(node.scope('x').meta('m')).toEqual({ deep: [1] });
    node.scope('x').deleteMeta('m');
    node.stopScope('x');
    node.startScope({ name: 'x', meta: { m: 2 } });
    expect(node.scope('x').meta('m')).toBe(2);
  });
});
