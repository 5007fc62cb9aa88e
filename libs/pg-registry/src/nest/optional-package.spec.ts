import { loadIfInstalled } from './optional-package';

function missing(message: string): Error {
  return Object.assign(new Error(message), { code: 'MODULE_NOT_FOUND' });
}

function failing(error: Error): () => never {
  return () => {
    throw error;
  };
}

describe('loadIfInstalled', () => {
  it('an optional package is loaded with what it exports', () => {
    expect(loadIfInstalled('a', () => 1)).toBe(1);
  });

  it.each([
    "Cannot find module '@scope/a'\nRequire stack:\n- /srv/main.js",
    'nestjs-pg-registry tried to access @scope/a (a peer dependency) but it is not provided by its ancestors',
  ])('returns undefined if the package is missing: %s', (message) => {
    expect(loadIfInstalled('@scope/a', failing(missing(message)))).toBeUndefined();
  });

  it('loading an optional package throws if another package is missing, or the package is broken', () => {
    const other = missing("Cannot find module 'b'\nRequire stack:\n- /srv/node_modules/@scope/a/index.js");
    expect(() => loadIfInstalled('@scope/a', failing(other))).toThrow(other);
    const broken = new SyntaxError("Unexpected token in '@scope/a'");
    expect(() => loadIfInstalled('@scope/a', failing(broken))).toThrow(broken);
  });
});
