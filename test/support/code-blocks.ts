import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

/** A fenced block of a page. */
export interface CodeBlock {
  /** The page's file, relative to the repository. */
  readonly page: string;
  /** The line of its fence. */
  readonly line: number;
  /**
   * Names it in messages and tests: `docs/guide/queries.md#operators`, and `… 2` for the second one of its language
   * under a heading.
   */
  readonly id: string;
  /** What stands behind the fence: `ts`, `sh`; '' for drawings. */
  readonly language: string;
  readonly code: string;
  /** The file that the page tells its reader to put it into: `<!-- file: src/desk.ts -->`. */
  readonly file: string | undefined;
  /** The file of this repository that holds the same text and is run by a test of its own: `<!-- example: … -->`. */
  readonly example: string | undefined;
}

/** The pages for users: README.md and everything under docs/. */
export function pages(): readonly string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('docs', file))
    .filter((file) => file.endsWith('.md') && !file.startsWith(join('docs', 'api')));
  return ['README.md', ...docs.toSorted()];
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): readonly CodeBlock[] {
  const text = readPage(page);
  const seen = new Map<string, number>();
  const fences = /(?:^<!-- (file|example): (\S+) -->\n+)?^```(\w*)\n([^]*?)^```$/gm;
  return [...text.matchAll(fences)].map(({ 0: whole, 1: kind, 2: file, 3: language, 4: code, index }) => {
    const before = text.slice(0, index + whole.indexOf('```'));
    const section = [page, ...slugs(before)].join('#');
    const nth = (seen.get(`${language} ${section}`) ?? 0) + 1;
    seen.set(`${language} ${section}`, nth);
    return {
      page,
      line: before.split('\n').length,
      id: nth === 1 ? section : `${section} ${nth}`,
      language,
      code,
      file: kind === 'file' ? file : undefined,
      example: kind === 'example' ? file : undefined,
    };
  });
}

/** The anchor of the last heading below the title, as GitHub makes it; none before there is one. */
function slugs(text: string): readonly string[] {
  const heading = text.match(/^##+ .*$/gm)?.at(-1);
  return heading === undefined ? [] : [slugOf(heading)];
}

/** The anchor of a heading, as GitHub makes it. */
export function slugOf(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}
