/**
 * `node bundle.mjs [FOLDER]`: builds what `npm publish` uploads, into `dist/` or FOLDER. One JavaScript file and one declaration file for
 * each entry point, and chunks that they share, so that every class exists once. Names of classes, functions and members stay, for stack
 * traces; comments stay in the declarations, where editors look for them. See decision 37.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { minify } from '@swc/core';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { buildPage } from './page/build.mjs';

const library = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(library, 'dist'));
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript-7/package.json')),
  'bin',
  'tsc',
);
const ENTRIES = ['index', 'microservice/index', 'testing/index', 'observer-page/index'];
/** What `npx nestjs-pg-registry` runs. Nobody imports it, so it has no declarations. */
const COMMAND = 'command/main';
/** Rooms that the observer stands on. Nothing in them imports it, so that no two chunks need each other. */
const BELOW_OBSERVER =
  /\/(?:term|match|table|wire|cluster|replication|protocol|names|lifetime|calls|process|scope|entities)\/|\/transport\/[\w-]+\.(?:js|d\.ts)$/;
/** In `nest/optional-microservice.ts`: an entry point that is loaded only if its packages are there, so no bundler may move it. */
const OPTIONAL_ENTRY = /require\((['"])\.\.\/microservice\1\)/g;

const folder = mkdtempSync(join(tmpdir(), 'pg-registry-build-'));
try {
  const [modules, types] = [join(folder, 'modules'), join(folder, 'types')];
  const asModules = ['--module', 'esnext', '--moduleResolution', 'bundler', '--removeComments'];
  compile('--outDir', modules, '--declaration', 'false', ...asModules);
  compile('--outDir', types, '--emitDeclarationOnly');
  rmSync(out, { recursive: true, force: true });
  const values = await bundle(
    [...ENTRIES, COMMAND],
    modules,
    '.js',
    [
      sources(),
      builtPage(JSON.stringify(await buildPage())),
      optionalEntry(),
      minified(),
      shortFields(),
      executable(),
    ],
    {
      format: 'cjs',
      exports: 'named',
      interop: 'auto',
      esModule: true,
      externalLiveBindings: false,
    },
  );
  await bundle(ENTRIES, types, '.d.ts', [dts(), typesOnly(values), optionalTypes(), tabs()], {
    format: 'es',
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function compile(...options) {
  const project = join(library, 'tsconfig.lib.json');
  const { status } = spawnSync(process.execPath, [compiler, '-p', project, ...options], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** Returns the names that each entry point exports. */
async function bundle(entries, from, extension, plugins, output) {
  const input = Object.fromEntries(entries.map((entry) => [entry, join(from, entry + extension)]));
  const build = await rollup({ input, external: isPackage, plugins, onLog });
  // The compiler calls the module of x.d.ts `x.d`.
  const names = {
    entryFileNames: `[name]${extension}`,
    chunkFileNames: `shared/[name]${extension.replace('.d', '')}`,
  };
  const { output: files } = await build.write({ dir: out, ...names, manualChunks: chunkOf, ...output });
  return new Map(files.map((file) => [file.name, new Set(file.exports)]));
}

/** What looks into a cluster is a chunk of its own, so that its size has a limit of its own: `test/pack/tarball.mjs`. */
function chunkOf(id) {
  const chunk = /\/observer\//.test(id) ? 'observer' : BELOW_OBSERVER.test(id) ? 'core' : undefined;
  return chunk !== undefined && id.endsWith('.d.ts') ? `${chunk}.d` : chunk;
}

function isPackage(name) {
  return !name.startsWith('.') && !name.startsWith('/');
}

/** What the compiler writes for decorators mentions `this` in vain. What a declaration refers to without exporting it is in `etc/`. */
function onLog(level, log, handle) {
  if (log.code === 'THIS_IS_UNDEFINED' || log.plugin === 'dts') return;
  handle(level === 'warn' ? 'error' : level, log);
}

/** Finds './x', which stands for x.js or x/index.js. */
function sources() {
  return {
    name: 'sources',
    resolveId: (name, importer) =>
      isPackage(name) || importer === undefined
        ? null
        : ['.js', '/index.js']
            .map((end) => resolve(dirname(importer), name) + end)
            .find((file) => existsSync(file)),
  };
}

/** Puts the built page into the place of the file that builds it: packed as text, so that bundlers of applications carry it along. */
function builtPage(page) {
  const packed = brotliCompressSync(page).toString('base64');
  let found = 0;
  return {
    name: 'built-page',
    load(file) {
      if (!file.endsWith(join('observer-page', 'built-page.js'))) return null;
      found += 1;
      return `import { brotliDecompressSync } from 'node:zlib';
let built;
export function builtPage() {
  return (built ??= JSON.parse(brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString()));
}`;
    },
    generateBundle() {
      if (found !== 1) this.error(`The built page has ${found} places, not one.`);
    },
  };
}

/** Leads from the chunk, wherever it is, to the entry point. */
function optionalEntry() {
  let found = 0;
  return {
    name: 'optional-entry',
    renderChunk(code, { fileName }) {
      const path = relative(dirname(fileName), 'microservice/index.js');
      const target = path.startsWith('.') ? path : `./${path}`;
      return code.replaceAll(OPTIONAL_ENTRY, () => {
        found += 1;
        return `require('${target}')`;
      });
    },
    generateBundle() {
      if (found !== 1) this.error(`The optional entry is required ${found} times, not once.`);
    },
  };
}

/** Marks as a type what an entry point does not export at run time: a class, too, if the sources export only its type. */
function typesOnly(values) {
  const mark = (names, entry) =>
    names.replace(/[^\s,][^,]*/g, (name) =>
      values.get(entry).has(name.trim().split(' as ').at(-1)) ? name : `type ${name}`,
    );
  return {
    name: 'types-only',
    renderChunk: (code, { isEntry, name }) =>
      isEntry ? code.replace(/^export \{([^}]*)\}/gm, (_, names) => `export {${mark(names, name)}}`) : null,
  };
}

/** Declarations must compile although an optional package is missing; the sources' comments about it lose their imports on the way. */
function optionalTypes() {
  const { peerDependenciesMeta } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
  const optional = Object.keys(peerDependenciesMeta).join('|');
  const imports = new RegExp(`^import .* from '(?:${optional})';$`, 'gm');
  return {
    name: 'optional-types',
    renderChunk: (code) =>
      code
        .replace(/^import '.*';\n|^\/\*\* @ts-ignore .*\n/gm, '')
        .replace(imports, '/** @ts-ignore The package is optional. */\n$&'),
  };
}

/** Indents declarations by tabs: the compiler's four spaces are 9,000 bytes more. */
function tabs() {
  return {
    name: 'tabs',
    renderChunk: (code) => code.replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4)),
  };
}

/**
 * Without spaces, and with short names for what is local to a function or a file. Functions, classes and members keep theirs for stack traces.
 * Statements are joined, which takes braces and `return`s away; nothing is inlined, moved or left out.
 */
function minified() {
  return {
    name: 'minified',
    renderChunk: (code) =>
      minify(code, {
        compress: { defaults: false, sequences: true, if_return: true, conditionals: true, join_vars: true },
        mangle: { toplevel: true, keep_classnames: true, keep_fnames: true, keep_private_props: true },
        format: { comments: false },
      }),
  };
}

/**
 * Short names for private fields, 27,000 bytes less: nobody outside can see them, and no stack trace shows them. Private methods and fields that
 * hold a function keep theirs. A name stands for the same field wherever it is.
 */
function shortFields() {
  return {
    name: 'short-fields',
    renderChunk(code) {
      const found = [];
      const kept = new Set();
      const walk = (node) => {
        if (node === null || typeof node !== 'object') return;
        if (node.type === 'PrivateIdentifier') found.push(node);
        const isNamed = node.type === 'MethodDefinition' || /Function/.test(node.value?.type);
        if (isNamed && node.key?.type === 'PrivateIdentifier') kept.add(node.key.name);
        for (const child of Object.values(node)) walk(child);
      };
      walk(this.parse(code));
      const fields = found.filter(({ name }) => !kept.has(name)).toSorted((a, b) => a.start - b.start);
      const uses = new Map();
      for (const { name } of fields) uses.set(name, (uses.get(name) ?? 0) + 1);
      const byUse = [...uses.keys()].toSorted((a, b) => uses.get(b) - uses.get(a));
      const names = new Map(byUse.map((name, at) => [name, shortName(at)]));
      let [short, end] = ['', 0];
      for (const { name, start, end: next } of fields) {
        short += `${code.slice(end, start)}#${names.get(name)}`;
        end = next;
      }
      return short + code.slice(end);
    },
  };
}

/** No kept name ends so. */
function shortName(at) {
  return `${at.toString(36)}_`.replace(/^\d/, (digit) => 'ghijklmnop'[digit].toUpperCase());
}

/** The system runs the command's file with Node.js. */
function executable() {
  return {
    name: 'executable',
    renderChunk: (code, { name }) => (name === COMMAND ? `#!/usr/bin/env node\n${code}` : null),
  };
}
