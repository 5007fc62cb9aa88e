import { fetchOverview, killHolder, readOverview } from './documents';

describe('readOverview', () => {
  it('reads documents with who is in them', () => {
    expect(
      readOverview({
        node: 'node-a',
        demonstration: true,
        observer: '/observer',
        documents: [
          {
            name: 'notes',
            holder: 'node-b',
            sessions: [
              { id: '1', node: 'node-a', user: { name: 'Ann', color: '#123456' } },
              { id: '2', node: 'node-b', user: null },
            ],
            sessionCount: 2,
          },
          { name: 'old', holder: null, sessions: [], sessionCount: 0 },
        ],
        total: 5,
      }),
    ).toEqual({
      node: 'node-a',
      demonstration: true,
      observer: '/observer',
      documents: [
        {
          name: 'notes',
          holder: 'node-b',
          sessions: [
            { id: '1', node: 'node-a', user: { name: 'Ann', color: '#123456' } },
            { id: '2', node: 'node-b', user: null },
          ],
          sessionCount: 2,
        },
        { name: 'old', holder: null, sessions: [], sessionCount: 0 },
      ],
      total: 5,
    });
  });

  it.each(['https://evil/', '//evil/', String.raw`/\evil`, 'javascript:alert(1)', 5, undefined])(
    'makes no link of the observer %j',
    (observer) => {
      expect(readOverview({ node: 'a', observer, documents: [] }).observer).toBeNull();
    },
  );

  it.each([null, 'x', [], { node: 'a' }, { documents: [] }])('refuses %j', (sent) => {
    expect(() => readOverview(sent)).toThrow('something else than a list of documents');
  });
});

describe('what the page says when the server refuses', () => {
  const answer = (status: number, body: string): void => {
    jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(body, { status }));
  };
  afterEach(() => jest.restoreAllMocks());

  it('asks for the access token', async () => {
    answer(401, 'no');
    await expect(fetchOverview('/api/documents')).rejects.toThrow('wants an access token');
  });

  it("passes the server's sentence on", async () => {
    answer(404, '{"message":"Nobody holds notes."}');
    await expect(killHolder('/api/documents/notes/kill')).rejects.toThrow('Nobody holds notes.');
  });

  it('names the status where there is no sentence', async () => {
    answer(502, '<html>');
    await expect(fetchOverview('/api/documents')).rejects.toThrow('status 502');
  });
});
