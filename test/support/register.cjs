/**
 * `node -r test/support/register.cjs file.ts`: lets a child process of a test require TypeScript, compiled as jest compiles
 * it, with the library's package name leading to its sources. Output is kept by content, so only the first process pays.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { remembering } = require('./resolved-packages.cjs');
const { keepSourceMap } = require('./source-maps.cjs');
const options = require('./swc-options.cjs');

const root = path.join(__dirname, '..', '..');
const cache = path.join(root, 'node_modules', '.cache', 'pg-registry-test');
const version = JSON.stringify([options, require('@swc/core/package.json').version]);
const library = path.join(root, 'libs', 'pg-registry', 'src');
const packages = new Map([
  ['nestjs-pg-registry', library],
  ['nestjs-pg-registry/microservice', path.join(library, 'microservice')],
  ['nestjs-pg-registry/testing', path.join(library, 'testing')],
  ['nestjs-pg-registry/observer', path.join(library, 'observer-page')],
]);

mkdirSync(cache, { recursive: true });

/* oxlint-disable no-underscore-dangle -- the names are Node's own */
require.extensions['.ts'] = (module, filename) => module._compile(compiled(filename), filename);

const find = Module._resolveFilename;
const resolve = remembering(root, (...request) => find.apply(Module, request));
Module._resolveFilename = (request, ...rest) => {
  const name = packages.get(request) ?? request;
  try {
    return resolve(name, ...rest);
  } catch (error) {
    // The pages import './desk.js', as ES modules have to, and there is a desk.ts.
    if (!/^\.{1,2}\/.*\.js$/.test(name)) throw error;
    return resolve(name.replace(/\.js$/, '.ts'), ...rest);
  }
};

function compiled(filename) {
  const source = readFileSync(filename, 'utf8');
  const hash = createHash('sha256')
    .update(version)
    .update(filename)
    .update('\0')
    .update(source)
    .digest('hex');
  const file = path.join(cache, `${hash}.js`);
  keepSourceMap(filename, () => readFileSync(`${file}.map`, 'utf8'));
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const { code, map } = require('@swc/core').transformSync(source, { ...options, filename, swcrc: false });
    // The map first: where there is code, there is its map.
    keep(`${file}.map`, map);
    keep(file, code);
    return code;
  }
}

/** Written aside and renamed: another process may be reading. */
function keep(file, text) {
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}
