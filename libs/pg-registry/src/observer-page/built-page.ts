/**
 * The page as a browser gets it. This file serves those who work on the library: it builds the page from `page/` when somebody asks for it first.
 * In the package there is what was built then; `bundle.mjs` puts it here.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The files of the page, by name. */
export interface BuiltPage {
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

const MOST_BYTES = 10_000_000;
let built: BuiltPage | undefined;

/** Returns the files of the page, as text. Costs a build the first time; in the package, that its text is unpacked. */
export function builtPage(): BuiltPage {
  built ??= JSON.parse(
    execFileSync(process.execPath, [join(__dirname, '..', '..', 'page', 'build.mjs')], {
      encoding: 'utf8',
      maxBuffer: MOST_BYTES,
    }),
  ) as BuiltPage;
  return built;
}
