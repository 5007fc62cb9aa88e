import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What a module imports by its path, and what it starts as a process. */
const NEEDED = /from '(?<module>\.[^']+)'|'(?<fixture>bench\/[^']+\.fixture\.ts)'/g;
const IMPORTS = /^import\b[^;]*;\n/gm;

/**
 * Which files that some areas run, by their paths from `test/`, differ between two projects in more than what they import,
 * or are missing in the second. Each side runs its own, as files move within the library; a figure compares two libraries
 * only as long as both suites do the same to them.
 */
export function changedBenchmarks(here: string, there: string, areas: readonly string[]): readonly string[] {
  const [ours, theirs] = [here, there].map((project) => join(project, 'test'));
  const files = new Set<string>();
  for (const area of areas) follow(ours, join('bench', `${area}.bench.ts`), files);
  return [...files].filter((file) => withoutImports(join(ours, file)) !== withoutImports(join(theirs, file)));
}

/** Adds a file and all that it needs of the same folder. */
function follow(folder: string, file: string, files: Set<string>): void {
  const path = join(folder, file);
  if (files.has(file) || file.startsWith('..') || !existsSync(path)) return;
  files.add(file);
  for (const { groups } of readFileSync(path, 'utf8').matchAll(NEEDED)) {
    const { module, fixture } = groups!;
    follow(folder, fixture ?? relative(folder, join(dirname(path), `${module}.ts`)), files);
  }
}

function withoutImports(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').replaceAll(IMPORTS, '') : undefined;
}
