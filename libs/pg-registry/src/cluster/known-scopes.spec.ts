import type { Hello, ScopeNews } from './hello';
import { KnownScopes } from './known-scopes';

const news = (name: string, run = 1): ScopeNews => ({
  name,
  keys: 'duplicate',
  run,
  last: 0,
  count: 0,
  hashHigh: 0,
  hashLow: 0,
});

function hello(part: Partial<Hello>): Hello {
  const rest = {
    discover: false,
    draining: false,
    serverId: '',
    page: 0,
    pages: 1,
    running: [],
    stopped: [],
  };
  return { beat: 1, revision: 1, since: undefined, ...rest, ...part };
}

describe('what is known of the scopes of a peer', () => {
  it("a peer's scopes are known after one complete hello, and follow the changes that continue it", () => {
    const scopes = new KnownScopes(10);
    expect(scopes.learn(hello({ running: [news('a'), news('b')], revision: 2 })).ask).toBe(false);
    const lesson = scopes.learn(hello({ since: 2, revision: 4, running: [news('c')], stopped: ['a'] }));
    expect([lesson.gone, lesson.ask, scopes.names()]).toEqual([['a'], false, ['b', 'c']]);
  });

  it('a node asks for a complete hello when it missed a change, and applies the change all the same', () => {
    const scopes = new KnownScopes(10);
    scopes.learn(hello({ running: [news('a'), news('b')], revision: 2 }));
    const lesson = scopes.learn(hello({ since: 3, revision: 4, running: [news('c')], stopped: ['a'] }));
    expect([lesson.gone, lesson.ask, scopes.names()]).toEqual([['a'], true, ['b', 'c']]);
    expect(scopes.learn(hello({ beat: 3, running: [news('c')], revision: 4 })).gone).toEqual(['b']);
  });

  it('a scope counts as absent only when all pages of one beat are there', () => {
    const scopes = new KnownScopes(10);
    scopes.learn(hello({ running: [news('a'), news('b'), news('c')] }));
    const pages = { pages: 2, revision: 2 };
    expect(scopes.learn(hello({ ...pages, beat: 2, page: 1, running: [news('b')] })).gone).toEqual([]);
    expect(scopes.learn(hello({ ...pages, beat: 3, page: 0, running: [news('a')] })).gone).toEqual([]);
    expect(scopes.learn(hello({ ...pages, beat: 3, page: 0, running: [news('a')] })).gone).toEqual([]);
    expect(scopes.learn(hello({ ...pages, beat: 3, page: 1, running: [news('b')] })).gone).toEqual(['c']);
  });

  it('pages of a set that never becomes complete fill no memory', () => {
    const scopes = new KnownScopes(10);
    for (let round = 0; round < 1000; round += 1) {
      const name = `scope ${round}`;
      scopes.learn(hello({ page: 0, pages: 2, running: [news(name)] }));
      scopes.learn(hello({ since: 1, revision: 2, stopped: [name] }));
      scopes.learn(
        hello({ page: 0, pages: 2, running: Array.from({ length: 20 }, (_, i) => news(`${name} ${i}`)) }),
      );
    }
    expect(scopes.remembered).toBeLessThanOrEqual(20);
  });

  it('a node knows at most maxScopes scopes of a peer, and no run older than a known one', () => {
    const scopes = new KnownScopes(1);
    expect(scopes.learn(hello({ running: [news('a', 2), news('b')] })).refused).toBe(1);
    expect(scopes.learn(hello({ running: [news('a', 1)] })).listed).toEqual([]);
    expect(scopes.get('a')?.run).toBe(2);
  });

  it('a node counts as too many only scopes that run: none that stopped, and no news of a run that is over', () => {
    const scopes = new KnownScopes(2);
    scopes.learn(hello({ running: [news('a', 2), news('b')], revision: 2 }));
    const change = scopes.learn(hello({ since: 2, revision: 4, running: [news('c')], stopped: ['b'] }));
    expect([change.refused, scopes.names()]).toEqual([0, ['a', 'c']]);
    const set = scopes.learn(hello({ beat: 2, running: [news('d'), news('e')], revision: 8 }));
    expect([set.refused, set.gone, scopes.names()]).toEqual([0, ['a', 'c'], ['d', 'e']]);
    expect(scopes.learn(hello({ beat: 3, running: [news('d', 0), news('e')] })).refused).toBe(0);
  });

  it('a node asks again for a set of many pages in which scopes that are gone took the room of others', () => {
    const scopes = new KnownScopes(2);
    scopes.learn(hello({ running: [news('a'), news('b')] }));
    const pages = { pages: 2, beat: 2, revision: 5 };
    expect(scopes.learn(hello({ ...pages, page: 0, running: [news('c'), news('d')] }))).toMatchObject({
      refused: 0,
      ask: false,
    });
    expect(scopes.learn(hello({ ...pages, page: 1, running: [] }))).toMatchObject({
      refused: 0,
      ask: true,
      gone: ['a', 'b'],
    });
    scopes.learn(hello({ ...pages, beat: 3, page: 0, running: [news('c'), news('d')] }));
    expect(scopes.learn(hello({ ...pages, beat: 3, page: 1, running: [news('e')] })).refused).toBe(1);
    expect(scopes.names()).toEqual(['c', 'd']);
  });
});
