import { inkOn, nameOnOneLine, randomUser, readUser, storedUser, storeUser } from './user';

describe('readUser', () => {
  it('keeps markup in a name as the text that it is', () => {
    const name = '<img src=x onerror=alert(1)>';
    expect(readUser({ name, color: '#112233' })).toEqual({ name, color: '#112233' });
  });

  it.each([null, undefined, 1, 'Ann', [], {}, { name: 1 }, { name: ' \n ' }, { name: { toString: 'x' } }])(
    'finds nobody in %j',
    (sent) => {
      expect(readUser(sent)).toBeNull();
    },
  );

  it.each(['red', 'red;position:fixed', 'url(//evil)', '#12345g', '#1234567', 5, null, ['#123456']])(
    'takes grey instead of the colour %j',
    (color) => {
      expect(readUser({ name: 'Ann', color })?.color).toBe('#5c5f66');
    },
  );

  it('writes short colours in full', () => {
    expect(readUser({ name: 'Ann', color: '#AbC' })?.color).toBe('#aabbcc');
  });
});

describe('nameOnOneLine', () => {
  it('removes line breaks and marks that turn the direction of text around', () => {
    expect(nameOnOneLine('Ann\n\u202eevil\u2066')).toBe('Ann evil');
  });

  it('cuts after 64 characters without breaking one', () => {
    expect(nameOnOneLine('😀'.repeat(100))).toBe('😀'.repeat(64));
    expect(nameOnOneLine('x'.repeat(10_000_000))).toHaveLength(64);
  });

  it('replaces half a surrogate pair', () => {
    expect(nameOnOneLine('a\ud83d')).toBe('a\ufffd');
  });
});

describe('randomUser', () => {
  it('has a name and a colour for every random number', () => {
    for (const random of [0, 0.5, 1 - Number.EPSILON]) {
      const user = randomUser(() => random);
      expect(user.name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
      expect(readUser(user)).toEqual(user);
    }
  });
});

describe('storedUser', () => {
  const memory = (): {
    getItem: (key: string) => string | null;
    setItem: (key: string, text: string) => void;
  } => {
    const items = new Map<string, string>();
    return { getItem: (key) => items.get(key) ?? null, setItem: (key, text) => void items.set(key, text) };
  };

  it('returns what storeUser kept', () => {
    const storage = memory();
    expect(storedUser(() => storage)).toBeNull();
    storeUser(() => storage, { name: 'Ann', color: '#123456' });
    expect(storedUser(() => storage)).toEqual({ name: 'Ann', color: '#123456' });
  });

  it('returns nobody if something else wrote there', () => {
    expect(storedUser(() => ({ ...memory(), getItem: () => '{' }))).toBeNull();
    expect(storedUser(() => ({ ...memory(), getItem: () => '{"name":{}}' }))).toBeNull();
  });

  it('does without storage where the browser forbids it', () => {
    const forbidden = (): never => {
      throw new Error('SecurityError');
    };
    expect(() => storeUser(forbidden, { name: 'Ann', color: '#123456' })).not.toThrow();
    expect(storedUser(forbidden)).toBeNull();
  });
});

describe('inkOn', () => {
  it('chooses white on dark and black on light colours', () => {
    expect(['#000000', '#3b5bdb', '#ff0000', '#ffff00', '#ffffff'].map((color) => inkOn(color))).toEqual([
      '#ffffff',
      '#ffffff',
      '#000000',
      '#000000',
      '#000000',
    ]);
  });
});
