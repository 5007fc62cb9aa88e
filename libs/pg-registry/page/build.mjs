/**
 * Builds the page: one script, one style sheet and the icon, as texts. `node build.mjs` writes them to stdout as JSON; everything else goes to
 * stderr, and the status is not 0 if the build failed.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const sources = dirname(fileURLToPath(import.meta.url));
/** The licence of preact, which is part of the script, asks for this. */
const BANNER = '/*! Contains preact, Copyright (c) 2015-present Jason Miller, The MIT License (MIT) */';

/** Returns `{ script, style, icon }`. */
export async function buildPage() {
  const { outputFiles } = await build({
    entryPoints: [join(sources, 'page.tsx'), join(sources, 'page.css')],
    outdir: sources,
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  const textOf = (end) => outputFiles.find(({ path }) => path.endsWith(end)).text;
  return {
    script: textOf('.js'),
    style: textOf('.css'),
    icon: readFileSync(join(sources, 'icon.svg'), 'utf8'),
  };
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.write(JSON.stringify(await buildPage()));
}
