import { PresenceBoard } from './presence-board';

const presence = (client: number, clock: number, state = `{"user":"${client}"}`) => ({
  client,
  clock,
  state,
});

describe('PresenceBoard', () => {
  test('a session speaks for one client, and nobody speaks for the client of another session', () => {
    const board = new PresenceBoard();
    expect(board.announce('a', presence(1, 1))).toEqual(presence(1, 1));
    expect(board.announce('b', presence(2, 1))).toEqual(presence(2, 1));
    expect(board.announce('b', presence(1, 9, '{"user":"impostor"}'))).toBeUndefined();
    expect(board.announce('b', presence(1, 9, 'null'))).toBeUndefined();
    expect(board.announce('a', presence(3, 1))).toBeUndefined();
    expect(board.all()).toEqual([presence(1, 1), presence(2, 1)]);
  });

  test('what was said before is not told again', () => {
    const board = new PresenceBoard();
    board.announce('a', presence(1, 2));
    expect(board.announce('a', presence(1, 2))).toBeUndefined();
    expect(board.announce('a', presence(1, 1))).toBeUndefined();
    expect(board.announce('a', presence(1, 3))).toEqual(presence(1, 3));
  });

  test('a client whose session was lost stays until it is known to be gone, and comes back through another session', () => {
    const board = new PresenceBoard();
    board.announce('a', presence(1, 1));
    expect(board.leave('a')).toBe(1);
    expect(board.all()).toEqual([presence(1, 1)]);
    expect(board.announce('b', presence(1, 1))).toEqual(presence(1, 1));
    expect(board.expire(1)).toBeUndefined();
    board.leave('b');
    expect(board.expire(1)).toEqual(presence(1, 1, 'null'));
    expect(board.all()).toEqual([]);
  });

  test('a client that says goodbye is gone at once', () => {
    const board = new PresenceBoard();
    board.announce('a', presence(1, 1));
    expect(board.announce('a', presence(1, 2, 'null'))).toEqual(presence(1, 2, 'null'));
    expect(board.leave('a')).toBeUndefined();
  });

  test('the clients of the last holder are shown until they announce themselves or are known to be gone', () => {
    const board = new PresenceBoard();
    expect(board.inherit([presence(1, 5), presence(2, 5)])).toEqual([1, 2]);
    board.announce('a', presence(1, 5));
    expect([board.expire(1), board.expire(2)]).toEqual([undefined, presence(2, 5, 'null')]);
  });
});
