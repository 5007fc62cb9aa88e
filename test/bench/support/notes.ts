import { type Result, verdict } from './result';

/** A sentence or more of docs/performance-notes.md on one thing that was measured, or on several of which the same is true. */
export interface Remark {
  /** Names of benchmarks or curves; a `*` at the end stands for anything. */
  readonly names: readonly string[];
  readonly text: string;
}

/**
 * Takes a section of remarks out of a text: a list whose items are headed by names in backticks and a colon.
 *
 * @throws Error if there is no such section, or an item without names.
 */
export function takeRemarks(
  markdown: string,
  title: string,
): { readonly rest: string; readonly remarks: readonly Remark[] } {
  const heading = `## ${title}\n`;
  const from = markdown.indexOf(heading);
  if (from === -1) throw new Error(`The notes have no section '${title}'.`);
  const next = markdown.indexOf('\n## ', from);
  const to = next === -1 ? markdown.length : next + 1;
  const items = markdown.slice(from + heading.length, to).split(/\n(?=- )/);
  return {
    rest: `${markdown.slice(0, from)}${markdown.slice(to)}`,
    remarks: items.filter((item) => item.startsWith('- ')).map(parseItem),
  };
}

function parseItem(item: string): Remark {
  const [, heads, text] = /^- ((?:`[^`]+`[,:]\s+)+)([^]+)$/.exec(item.trimEnd()) ?? [];
  if (text === undefined) throw new Error(`No names in backticks before a colon: ${item}`);
  return {
    names: [...heads.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    text: text.replace(/\n\s+/g, '\n'),
  };
}

/** What the remarks say of one name. @throws Error if they do not speak of it */
export function remarkOn(name: string, remarks: readonly Remark[]): string {
  const remark = remarks.find(({ names }) => names.some((pattern) => fits(pattern, name)));
  if (remark === undefined) throw new Error(`docs/performance-notes.md says nothing of '${name}'.`);
  return remark.text;
}

/** What begins the last sentences of a remark on missed targets: what would be done about it. */
const NEXT_STEP = /(?:^|\s)Next: \S/;

/**
 * Which targets are missed, by how much, what holds them, and what would be done next. Of what is met by now nothing is said.
 *
 * @throws Error if nothing is said of a missed one, or a remark names no next step.
 */
export function listMissed(results: readonly Result[], remarks: readonly Remark[]): string {
  for (const { names, text } of remarks)
    if (!NEXT_STEP.test(text)) throw new Error(`The remark on '${names[0]}' has no next step ('Next: …').`);
  const texts = new Map<string, string[]>();
  for (const result of results) {
    if (result.ok !== false) continue;
    const text = remarkOn(result.name, remarks);
    const these = texts.get(text) ?? [];
    texts.set(text, these);
    these.push(`**${result.name}** (${verdict(result)})`);
  }
  if (texts.size === 0) return 'None is missed.';
  return [...texts]
    .map(([text, names]) => `- ${names.join(', ')}: ${text.replaceAll('\n', '\n  ')}`)
    .join('\n');
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
