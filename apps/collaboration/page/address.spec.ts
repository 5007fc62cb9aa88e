import { Addresses, placeOf, problemOfName } from './address';

describe('placeOf', () => {
  it('finds the list at the root', () => {
    expect(placeOf('/')).toEqual({ kind: 'list' });
  });

  it.each(['notes', 'a/b', 'Straße ☕', '100 %', '?token=x#y', '<b>', '__proto__'])(
    'finds the document "%s" at the address that the page makes for it',
    (name) => {
      const { pathname } = new URL(new Addresses(new URL('http://host/')).document(name), 'http://host');
      expect(placeOf(pathname)).toEqual({ kind: 'document', name });
    },
  );

  it.each([
    ['/elsewhere', /no page/],
    ['/d/', /needs a name/],
    ['/d/%ff', /UTF-8/],
    ['/d/%00', /control characters/],
    [`/d/${'x'.repeat(257)}`, /256 bytes.*has 257/],
  ])('says what is wrong with %s', (pathname, problem) => {
    expect(placeOf(pathname)).toEqual({ kind: 'unknown', problem: expect.stringMatching(problem) });
  });
});

describe('problemOfName', () => {
  it.each(['.', '..'])('refuses "%s", which a URL takes for a folder', (name) => {
    expect(problemOfName(name)).toMatch(/cannot be the name/);
  });

  it('refuses half a surrogate pair, which no URL can hold', () => {
    expect(problemOfName('\ud83d')).toMatch(/broken/);
  });

  it('counts bytes, not characters', () => {
    expect(problemOfName('é'.repeat(128))).toBeNull();
    expect(problemOfName('é'.repeat(129))).toMatch(/has 258/);
  });
});

describe('Addresses', () => {
  it('carries the access token of the page to every request but the socket, which gets it as a parameter', () => {
    const addresses = new Addresses(new URL('https://host:1/d/x?token=a%26b'));
    for (const url of [
      addresses.list,
      addresses.document('x'),
      addresses.documents,
      addresses.events,
      addresses.kill('x'),
    ]) {
      expect(new URL(url, 'https://host:1').searchParams.get('token')).toBe('a&b');
    }
    expect(addresses.socket).toBe('wss://host:1/collaboration');
  });

  it('adds no token where the page has none', () => {
    expect(new Addresses(new URL('http://host/')).kill('a/b')).toBe('/api/documents/a%2Fb/kill');
  });
});
