import { runInNewContext } from 'node:vm';
import { isError, isMissingPackage, messageOfThrown, nameOfThrown, stackOfThrown } from './thrown';

function missing(message: string): Error {
  return Object.assign(new Error(message), { code: 'MODULE_NOT_FOUND' });
}

describe('isMissingPackage', () => {
  it.each([
    "Cannot find module '@scope/a'\nRequire stack:\n- /srv/main.js",
    'nestjs-pg-registry tried to access @scope/a (a peer dependency) but it is not provided by its ancestors',
  ])('a package is missing if require says: %s', (message) => {
    expect(isMissingPackage(missing(message), '@scope/a')).toBe(true);
  });

  it('no package is missing if another one is, or the package is broken', () => {
    const other = missing("Cannot find module 'b'\nRequire stack:\n- /srv/node_modules/@scope/a/index.js");
    expect(isMissingPackage(other, '@scope/a')).toBe(false);
    expect(isMissingPackage(new SyntaxError("Unexpected token in '@scope/a'"), '@scope/a')).toBe(false);
  });

  it('a package is missing also if the error is of another realm, as those of Node.js are under Jest', () => {
    const error: unknown = runInNewContext(
      `Object.assign(new Error("Cannot find module 'nats'"), { code: 'MODULE_NOT_FOUND' })`,
    );
    expect(error).not.toBeInstanceOf(Error);
    expect(isMissingPackage(error, 'nats')).toBe(true);
    expect([isError(error), messageOfThrown(error)]).toEqual([true, "Cannot find module 'nats'"]);
  });
});

describe('nameOfThrown', () => {
  it('the name of an error is that of its class if it has none of its own', () => {
    class OutOfStock extends Error {}
    expect([new OutOfStock(), new TypeError(), new Error(), 7].map(nameOfThrown)).toEqual([
      'OutOfStock',
      'TypeError',
      'Error',
      'number',
    ]);
  });
});

describe('stackOfThrown', () => {
  it('a long stack ends with a whole line, and one whose message alone is too long is cut there', () => {
    const error = new Error('m');
    const place = '\n    at f (/srv/node_modules/a/b.js:1:2)';
    error.stack = `Error: m${place.repeat(1000)}`;
    expect(stackOfThrown(error)).toBe(`Error: m${place.repeat(Math.floor((4096 - 8) / place.length))}`);
    error.stack = `Error: m${place}`;
    expect(stackOfThrown(error)).toBe(error.stack);
    error.stack = 'x'.repeat(5000);
    expect(stackOfThrown(error)).toBe('x'.repeat(4096));
  });
});
