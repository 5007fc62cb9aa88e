import { PresenceRelay } from './presence-relay';

const presence = (client: number, clock: number, state: unknown = {}) => ({
  client,
  clock,
  state: JSON.stringify(state),
});

describe('PresenceRelay', () => {
  test("a client's own presence is told from those that it repeats", () => {
    const relay = new PresenceRelay();
    relay.told([presence(5, 1)]);
    expect(relay.heard([presence(5, 1), presence(1, 4)])).toBeUndefined();
    expect(relay.heard([presence(7, 1)])).toEqual(presence(7, 1));
    expect(relay.heard([presence(5, 9), presence(7, 2)])).toEqual(presence(7, 2));
    expect(relay.heard([presence(7, 2)])).toBeUndefined();
    expect(relay.heard([presence(7, 2, null)])).toEqual(presence(7, 2, null));
  });

  test('those whom the next holder does not know are removed when they have not announced themselves again', () => {
    const relay = new PresenceRelay();
    relay.told([presence(1, 1), presence(2, 1), presence(3, 1)]);
    relay.begin([presence(1, 1)]);
    relay.told([presence(2, 1)]);
    expect(relay.hasMissing).toBe(true);
    expect(relay.forgetMissing()).toEqual([presence(3, 1, null)]);
    expect(relay.hasMissing).toBe(false);
  });

  test.each([
    ['a name and a color', { user: { name: 'Ann', color: '#30bced' } }, { name: 'Ann', color: '#30bced' }],
    ['a color that is none', { user: { name: 'Ann', color: 'url(x)' } }, { name: 'Ann', color: '#888888' }],
    [
      'a name that is too long',
      { user: { name: 'x'.repeat(100) } },
      { name: 'x'.repeat(64), color: '#888888' },
    ],
    ['a name that is none', { user: { name: 7 } }, null],
    ['no user', {}, null],
  ])('the user of a client with %s', (_what, state, user) => {
    const relay = new PresenceRelay();
    relay.heard([presence(7, 1, state)]);
    expect(relay.takeUser()).toEqual({ user, hasChanged: user !== null });
    expect(relay.takeUser().hasChanged).toBe(false);
  });
});
