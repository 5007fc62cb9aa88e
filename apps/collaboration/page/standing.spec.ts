import type { ConnectionState } from './connection';
import { standingOf } from './standing';

const well: ConnectionState = {
  socket: 'connected',
  opened: true,
  closedBecause: null,
  server: { node: 'node-a', holder: 'node-b', saved: true, problem: null },
  unsaved: false,
  people: [],
  peopleCount: 0,
};
const server = { node: 'node-a', holder: 'node-b', saved: true, problem: null };

describe('standingOf', () => {
  it('says "Saved" only if the server has saved everything and this page knows of nothing else', () => {
    expect(standingOf(well)).toMatchObject({ kind: 'saved', trouble: false });
    expect(standingOf({ ...well, unsaved: true })).toMatchObject({ kind: 'saving', trouble: false });
    expect(standingOf({ ...well, server: { ...server, saved: false } }).kind).toBe('saving');
  });

  it('lets screen readers be silent about the saving after each edit', () => {
    expect(standingOf({ ...well, unsaved: true }).announced).toBe(standingOf(well).announced);
  });

  it("repeats the server's problem", () => {
    expect(
      standingOf({ ...well, server: { ...server, saved: false, problem: 'The database is away.' } }),
    ).toEqual({
      kind: 'not-saved',
      text: 'Not saved. The database is away.',
      announced: 'Not saved. The database is away.',
      trouble: true,
    });
  });

  it('says that nobody holds the document', () => {
    expect(standingOf({ ...well, server: { ...server, holder: null } })).toMatchObject({
      kind: 'looking',
      trouble: true,
    });
  });

  it('tells the first connection from a lost one', () => {
    const away: ConnectionState = { ...well, socket: 'connecting', server: null };
    expect(standingOf({ ...away, opened: false })).toMatchObject({ kind: 'opening', trouble: false });
    expect(standingOf(away)).toMatchObject({ kind: 'reconnecting', trouble: true });
  });

  it('asks to copy edits that the server never took before it closed the page for good', () => {
    const closed: ConnectionState = {
      ...well,
      socket: 'closed',
      closedBecause: 'The document is full.',
      server: null,
    };
    expect(standingOf(closed).text).toBe('Closed. The document is full.');
    expect(standingOf({ ...closed, unsaved: true }).text).toMatch(/full\..*copy them/);
  });
});
