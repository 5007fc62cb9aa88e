/**
 * `npm run bench:report -- FILE`: makes docs/PERFORMANCE.md, its drawings and the table of README.md from what
 * `npm run bench -- --json FILE` wrote. None of them is edited by hand; what a person has to say about the figures stands in
 * docs/performance-notes.md and is taken over.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { drawCurve } from './support/curve';
import { type Result, short } from './support/result';

const ROOT = join(__dirname, '..', '..');
const README_MARKS = ['<!-- bench: begin -->', '<!-- bench: end -->'] as const;

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Which file did `npm run bench -- --json FILE` write?');
const results = JSON.parse(readFileSync(file, 'utf8')) as readonly Result[];
const curves = new Map<string, Result[]>();
for (const result of results) {
  if (result.point === null) continue;
  const { curve } = result.point;
  const points = curves.get(curve);
  if (points === undefined) curves.set(curve, [result]);
  else points.push(result);
}
for (const [title, points] of curves) {
  if (points.length > 1) write(`docs/${fileOf(title)}`, drawCurve(title, points));
}
write('docs/PERFORMANCE.md', document());
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const [before, after] = [readme.split(README_MARKS[0])[0], readme.split(README_MARKS[1])[1]];
if (after === undefined) throw new Error(`README.md has no place for the table: ${README_MARKS.join(' … ')}`);
write(
  'README.md',
  `${before}${README_MARKS[0]}\n\n${table(results.filter(({ ok }) => ok !== null))}\n\n${README_MARKS[1]}${after}`,
);

function document(): string {
  const judged = results.filter(({ ok }) => ok !== null);
  const met = judged.filter(({ ok }) => ok === true);
  return [
    '# Performance',
    '',
    '<!-- Made by `npm run bench:report` from the figures of `npm run bench`. Do not edit: the words are in performance-notes.md. -->',
    '',
    `${met.length} of ${judged.length} targets are met. Each figure is the median of its rounds; rounds of what is measured and of its`,
    'baseline alternate in one process. The ratio is the median of the ratios of neighbouring rounds, ± half of the width of its middle half, in percent.',
    `Measured with Node.js ${process.versions.node} on ${cpus().length} cores.`,
    '',
    table(results.filter(({ ok }) => ok !== null)),
    '',
    '## Reported only',
    '',
    table(results.filter(({ ok }) => ok === null)),
    '',
    '## Growth',
    '',
    'Both axes are logarithmic.',
    '',
    ...[...curves].flatMap(([title, points]) =>
      points.length > 1 ? [`![${title}](${fileOf(title)})`, ''] : [],
    ),
    readFileSync(join(ROOT, 'docs', 'performance-notes.md'), 'utf8'),
  ].join('\n');
}

function table(rows: readonly Result[]): string {
  const lines = rows.map(({ name, unit, value, baseline, ratio, target, ok, spread }) =>
    cells([
      name,
      `${short(value)} ${unit}`,
      baseline === null ? '–' : `${short(baseline)} ${unit}`,
      ratio === null ? '–' : `${ratio.toFixed(2)} ± ${Math.round(((spread.ratio ?? 0) / 2) * 100)} %`,
      target ?? '–',
      ok === null ? '' : ok ? 'met' : '**missed**',
    ]),
  );
  return [
    cells(['work', 'here', 'baseline', 'ratio', 'target', '']),
    cells(['---', '--:', '--:', '--:', '--:', '---']),
    ...lines,
  ].join('\n');
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}

function fileOf(title: string): string {
  return `curve-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`;
}

function write(path: string, text: string): void {
  writeFileSync(join(ROOT, path), text);
}
