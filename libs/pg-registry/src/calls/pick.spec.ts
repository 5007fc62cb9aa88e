import { InvalidArgumentError, InvalidValueError, type Key, Pid } from '../term';
import { Picker, type TriedMembers } from './pick';
import type { NodeAvailability } from './resolver';
import { hashBy, via } from './via';

const name = via('s', 'k');

function pid(node: string, id = 1): Pid {
  const incarnation = Buffer.from(node.padEnd(8, '.')).toString('hex');
  return new Pid(node, incarnation, id);
}

/** A picker on node `a` that knows these members under every key. */
function picker(
  members: readonly Pid[],
  availabilities: Record<string, NodeAvailability> = {},
  random = Math.random,
): Picker {
  return new Picker(
    {
      members: () => members,
      membersLocal: () => members.filter(({ node }) => node === 'a'),
    },
    { availability: ({ node }) => availabilities[node] ?? 'ready', versionOf: () => 2 },
    random,
  );
}

function nodes(of: Picker, times: number, by = name): (string | undefined)[] {
  return Array.from({ length: times }, () => of.pick(by, undefined)?.node);
}

describe('a pick', () => {
  const members = [pid('a'), pid('b'), pid('c')];

  it('a pick takes a member of this node, if there is one', () => {
    expect(new Set(nodes(picker(members), 20))).toEqual(new Set(['a']));
    const two = picker([pid('a', 1), pid('a', 2), pid('b')]);
    expect(new Set(Array.from({ length: 100 }, () => two.pick(name, undefined)?.id))).toEqual(
      new Set([1, 2]),
    );
    expect(new Set(nodes(picker(members.slice(1)), 100))).toEqual(new Set(['b', 'c']));
  });

  it("a pick takes any member at random with the strategy 'random'", () => {
    let turns = 0;
    const random = (): number => [0, 0.34, 0.99][turns++ % 3] ?? 0;
    expect(nodes(picker(members, {}, random), 3, name.pick('random'))).toEqual(['a', 'b', 'c']);
  });

  it("a pick takes one member after the other with 'round-robin', counted per name", () => {
    const round = picker(members);
    const [first, second] = [name.pick('round-robin'), via('s', ['other']).pick('round-robin')];
    expect(nodes(round, 4, first)).toEqual(['a', 'b', 'c', 'a']);
    expect(nodes(round, 2, second)).toEqual(['a', 'b']);
    expect(nodes(round, 2, via('s', 'k').pick('round-robin'))).toEqual(['b', 'c']);
  });

  it('a pick passes over draining and suspect nodes, unless there are no others', () => {
    for (const strategy of ['local-first', 'random', 'round-robin', hashBy(7)] as const) {
      const by = name.pick(strategy);
      const some = picker(members, { a: 'draining', b: 'suspect' });
      expect(new Set(nodes(some, 20, by))).toEqual(new Set(['c']));
      const leaving = picker(members, { a: 'draining', b: 'suspect', c: 'suspect' });
      expect(new Set(nodes(leaving, 20, by))).toEqual(new Set(['a']));
      const doubtful = picker(members, { a: 'unknown', b: 'suspect', c: 'unknown' });
      expect(new Set(nodes(doubtful, 20, by))).toEqual(new Set(['b']));
    }
  });

  it('a pick passes over members that were tried already', () => {
    const tried: Pick<TriedMembers, 'has'> = { has: ({ node }) => node !== 'b' };
    for (const strategy of ['local-first', 'random', 'round-robin', hashBy(7)] as const) {
      expect(picker(members).pick(name.pick(strategy), tried)?.node).toBe('b');
    }
    expect(picker(members).pick(name, { has: () => true })).toBeUndefined();
    expect(picker([]).pick(name, undefined)).toBeUndefined();
  });
});

describe('a pick by hash', () => {
  const members = Array.from({ length: 8 }, (_, index) => pid(`n${index}`));
  const keys: Key[] = Array.from({ length: 2000 }, (_, index) => ['doc', index]);
  const choose = (from: readonly Pid[]): (string | undefined)[] =>
    keys.map((key) => picker(from).pick(name.pick(hashBy(key)), undefined)?.node);

  it('a pick by hash takes the same member on every node, whatever the order of the members', () => {
    expect(choose(members.toReversed())).toEqual(choose(members));
    expect(choose([...members, ...members])).toEqual(choose(members));
  });

  it('a pick by hash takes every member about equally often', () => {
    const counts = new Map<string | undefined, number>();
    for (const node of choose(members)) counts.set(node, (counts.get(node) ?? 0) + 1);
    for (const count of counts.values()) expect(count).toBeGreaterThan(2000 / 8 / 2);
    expect(counts.size).toBe(8);
  });

  it('a pick by hash moves only the keys of a lost member, and moves them back when it returns', () => {
    const before = choose(members);
    const after = choose(members.filter(({ node }) => node !== 'n3'));
    const moved = before.filter((node, index) => after[index] !== node);
    expect([new Set(moved), after.includes('n3')]).toEqual([new Set(['n3']), false]);
    expect(choose(members)).toEqual(before);
  });

  it('a pick by hash moves only the keys of a suspect member', () => {
    const suspecting = picker(members, { n3: 'suspect' });
    const before = choose(members);
    const after = keys.map((key) => suspecting.pick(name.pick(hashBy(key)), undefined)?.node);
    expect(new Set(before.filter((node, index) => after[index] !== node))).toEqual(new Set(['n3']));
  });
});

describe('a via', () => {
  it('via() makes a name from the name or definition of a scope, with a value for registrations', () => {
    expect(via('docs', ['a'])).toMatchObject({
      scope: 'docs',
      key: ['a'],
      value: null,
      strategy: 'local-first',
    });
    expect(via({ name: 'docs' }, 1, { load: 2 })).toMatchObject({
      scope: 'docs',
      key: 1,
      value: { load: 2 },
    });
    expect(Object.isFrozen(via('docs', 1).pick('random'))).toBe(true);
  });

  it('via() copies key and value, so that what becomes of an array later does not change the name', () => {
    const key = ['doc', { id: ['a'] }];
    const value = { tags: ['new'] };
    const named = via('docs', key, value);
    key.push('later');
    (key[1] as { id: string[] }).id[0] = 'b';
    value.tags.length = 0;
    expect(named).toMatchObject({ key: ['doc', { id: ['a'] }], value: { tags: ['new'] } });
    expect(named.pick('random').key).toEqual(['doc', { id: ['a'] }]);
    expect(() => via('docs', [() => 1] as never)).toThrow(InvalidValueError);
  });

  it('via() refuses a missing scope, pick() an unknown strategy, and hashBy() an invalid value', () => {
    expect(() => via('', 'k')).toThrow(InvalidArgumentError);
    expect(() => via(undefined as never, 'k')).toThrow(InvalidArgumentError);
    expect(() => name.pick('fastest' as never)).toThrow(InvalidArgumentError);
    expect(() => hashBy((() => 1) as never)).toThrow(InvalidValueError);
  });
});
