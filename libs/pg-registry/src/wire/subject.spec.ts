import * as fc from 'fast-check';
import { decodeToken, encodeToken, leaseBucket, leaseSubject, permissionsOf, Subjects } from './subject';

describe('a name in a subject', () => {
  it('a name that is a plain token stays as it is in a subject', () => {
    expect(encodeToken('orders-1')).toBe('orders-1');
    expect(encodeToken('x'.repeat(64))).toBe('x'.repeat(64));
  });

  it.each(['a.b', 'a b', '*', '>', 'a\r\nPUB x 1', 'für', 'x'.repeat(65), '=YQ'])(
    'a name that is no plain token is encoded in a subject: %j',
    (name) => {
      expect(encodeToken(name)).toMatch(/^=[A-Za-z0-9_-]+$/);
      expect(decodeToken(encodeToken(name))).toBe(name);
    },
  );

  it.each(['', 'x'.repeat(129), 'ü'.repeat(65), 'lone \ud800'])(
    'a name that cannot be part of a subject is refused: %j',
    (name) => {
      expect(() => encodeToken(name)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    },
  );

  it('a name has one token, and a token one name', () => {
    const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    fc.assert(fc.property(names, (name) => decodeToken(encodeToken(name)) === name));
    for (const token of ['=YQ', '=YQ==', '=', 'a*', '', '=/w', `=${'A'.repeat(200)}`])
      expect(decodeToken(token)).toBeUndefined();
  });
});

/** Whether one of the patterns matches a subject, as a server sees it. */
const allows = (patterns: readonly string[], subject: string): boolean =>
  patterns.some((pattern) =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+')}$`).test(
      subject,
    ),
  );

describe('subjects', () => {
  const mine = new Subjects('ns', 'me');
  const theirs = new Subjects('ns', 'you.1');

  it('subjects are parsed into the parts that they were built from', () => {
    expect(mine.parse(theirs.ops('a.b'))).toEqual({
      route: 'from',
      from: 'you.1',
      kind: 'ops',
      scope: 'a.b',
    });
    expect(mine.parse(theirs.announce('hello'))).toEqual({
      route: 'from',
      from: 'you.1',
      kind: 'hello',
      scope: undefined,
    });
    expect(mine.parse(theirs.to('me', 'sync'))).toEqual({
      route: 'to',
      to: 'me',
      from: 'you.1',
      kind: 'sync',
    });
    expect(mine.parse(theirs.reply('me', 't1'))).toEqual({
      route: 'reply',
      to: 'you.1',
      from: 'me',
      token: 't1',
    });
    expect(mine.parse(theirs.alive('me'))).toEqual({ route: 'alive', to: 'me' });
  });

  it('subjects are parsed alike whatever was parsed before', () => {
    const token = fc.constantFrom('pgr', 'ns', 'reply', 'to', 'from', 'alive', 'ops', 'me', '');
    const subject = fc.oneof(
      fc.array(token, { maxLength: 6 }).map((tokens) => `pgr.ns.${tokens.join('.')}`),
      fc.array(token, { maxLength: 4 }).map((tokens) => `pgr.ns.reply.${tokens.join('.')}`),
    );
    fc.assert(
      fc.property(fc.array(subject, { maxLength: 30 }), (met) => {
        const experienced = new Subjects('ns', 'me');
        for (const each of [...met, ...met])
          expect(experienced.parse(each)).toEqual(new Subjects('ns', 'me').parse(each));
      }),
    );
  });

  it('subjects of other namespaces, of other shapes and without a node are not parsed', () => {
    const strangers = [
      '',
      'pgr.ns',
      'pgr.nsx.alive.me',
      'pgr.ns.from.a',
      'pgr.ns.from.a.ops',
      'pgr.ns.from.a.hello.x',
      'pgr.ns.to.a.b',
    ];
    for (const subject of [
      ...strangers,
      'pgr.ns.to.a.b.c.d',
      'pgr.ns.alive.a.b',
      'pgr.ns.reply.a.b',
      'pgr.ns.x.a',
      'pgr.ns.from.*.hello',
    ]) {
      expect(mine.parse(subject)).toBeUndefined();
    }
  });

  it('the subjects that a node publishes and subscribes to are covered by its permissions, and no other node may publish them', () => {
    const { publish, subscribe } = permissionsOf('ns', 'me');
    const published = [
      mine.ops('s'),
      mine.announce('goodbye'),
      mine.to('you.1', 'call'),
      mine.alive('you.1'),
      theirs.reply('me', 't'),
    ];
    for (const subject of published) expect(allows(publish.allow, subject)).toBe(true);
    for (const subject of [
      mine.everyOps('s'),
      mine.every('hello'),
      mine.inbox('call'),
      mine.alive('me'),
      mine.replies(),
    ]) {
      expect(allows(subscribe.allow, subject) || subscribe.allow.includes(subject)).toBe(true);
    }
    const { allow, deny = [] } = permissionsOf('ns', 'me', { exit: false }).publish;
    expect([allow, deny]).toEqual([publish.allow, ['pgr.ns.to.*.exit.me']]);
    expect(allows(deny, mine.to('you.1', 'exit'))).toBe(true);
    expect(allows(deny, mine.to('you.1', 'bundle'))).toBe(false);
    expect(publish.deny).toBeUndefined();
    const foreign = permissionsOf('ns', 'you.1').publish.allow;
    for (const subject of [
      mine.ops('s'),
      mine.announce('hello'),
      mine.to('x', 'sync'),
      mine.reply('x', 't'),
    ]) {
      expect(allows(foreign, subject)).toBe(false);
    }
  });

  it('the permissions of cluster names are those of their records and of one stream, and can be left out', () => {
    const names = [
      'pgr.ns.names.*',
      '$JS.API.STREAM.INFO.pgr_ns_names',
      '$JS.API.STREAM.MSG.GET.pgr_ns_names',
    ];
    const without = permissionsOf('ns', 'me', { names: false });
    const { publish, subscribe } = permissionsOf('ns', 'me');
    expect(publish.allow).toEqual([...without.publish.allow, ...names]);
    expect(subscribe.allow).toEqual([...without.subscribe.allow, 'pgr.ns.names.*']);
    const maker = permissionsOf('ns', 'me', { names: { create: true } }).publish.allow;
    expect(maker).toEqual([...publish.allow, '$JS.API.STREAM.CREATE.pgr_ns_names']);
    const elsewhere = permissionsOf('ns', 'me', { names: { bucket: 'b' } }).publish.allow;
    expect(elsewhere).toContain('$JS.API.STREAM.INFO.b');
    expect(elsewhere).not.toContain('$JS.API.STREAM.INFO.pgr_ns_names');
    expect([leaseSubject('n.s'), leaseBucket('n.s')]).toEqual(['pgr.=bi5z.names', 'pgr_=bi5z_names']);
    expect(mine.parse('pgr.ns.names.k')).toBeUndefined();
  });
});
