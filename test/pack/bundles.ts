import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../support/code-blocks';
import { run } from './user-application';

const TESTING = 'docs/guide/testing.md';
/** What `application/main.ts` says. */
const SAYS = 'Hello Ada\nHello node1, Hello node2\n';

/** Puts the built application into one file with esbuild, as the page about testing says. @returns The file, in a folder without packages. */
export function bundle(application: string, folder: string): string {
  const file = join(folder, 'bundle', 'main.cjs');
  const missing = ['@nestjs/microservices', '@nestjs/websockets', 'class-validator', 'class-transformer'];
  const external = missing.map((name) => `--external:${name}`);
  const options = ['--bundle', '--platform=node', '--keep-names', `--outfile=${file}`, ...external];
  run(application, 'npx', ['esbuild@0.25.12', 'dist/main.js', ...options]);
  return file;
}

/**
 * Builds `application/main.ts` in an application of Nest 11 that has no optional package: with esbuild, with `nest build --webpack`, which
 * leaves packages outside, and with webpack and everything in one file. Each has to run, the files with everything in a folder without packages.
 */
export function runBundles(application: string, folder: string): void {
  cpSync(join(__dirname, 'application', 'main.ts'), join(application, 'src', 'main.ts'));
  run(application, 'npm', ['run', 'build']);
  expectToRun(bundle(application, folder));

  const { code } = blocksOf(TESTING).find(({ language }) => language === 'js')!;
  writeFileSync(join(application, 'webpack.config.js'), code);
  run(application, 'npx', ['nest', 'build', '--webpack']);
  expectToRun(join(application, 'dist', 'main.js'));

  writeFileSync(
    join(application, 'webpack.config.js'),
    code.replace('...options,', '...options,\n  externals: [],'),
  );
  run(application, 'npx', ['nest', 'build', '--webpack']);
  const alone = join(folder, 'webpack');
  mkdirSync(alone);
  cpSync(join(application, 'dist', 'main.js'), join(alone, 'main.js'));
  expectToRun(join(alone, 'main.js'));
}

function expectToRun(file: string): void {
  const said = run(join(file, '..'), process.execPath, [file]);
  if (said !== SAYS) throw new Error(`${file} said:\n${said}`);
}
