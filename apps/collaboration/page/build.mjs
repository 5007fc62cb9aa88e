/**
 * Builds the page into `dist/apps/collaboration/page/`: one script, one style sheet, `index.html` and the icon. `start.mjs` runs this when
 * the sources are newer than what was built. Everything it says goes to stderr; it ends with a status other than 0 if the build failed.
 */
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const sources = dirname(fileURLToPath(import.meta.url));
const target = join(sources, '../../../dist/apps/collaboration/page');
// Built beside the target, so that two builds at once, or one that fails, leave no mixture of old and new files.
const fresh = `${target}.${process.pid}`;

try {
  mkdirSync(fresh, { recursive: true });
  await build({
    entryPoints: [join(sources, 'page.tsx'), join(sources, 'page.css')],
    outdir: fresh,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // CodeMirror and Yjs must each be there once: their checks by `instanceof` fail between two copies.
    mainFields: ['module', 'main'],
    conditions: ['module', 'browser'],
    logLevel: 'warning',
  });
  // Last, because its date says how old the build is.
  for (const file of ['icon.svg', 'index.html']) cpSync(join(sources, file), join(fresh, file));
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
} catch {
  // esbuild has printed what is wrong, and where.
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
