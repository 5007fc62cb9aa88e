/**
 * `npm run bench:report -- FILE [--anchor ANCHOR]`: makes docs/PERFORMANCE.md, its drawings and the table of README.md from what
 * `npm run bench -- --json FILE` wrote. Nobody edits them by hand: what a person has to say about the figures stands in
 * docs/performance-notes.md, which this program copies. It fails if the notes do not explain a missed target, or have no sentence
 * about a curve.
 *
 * ANCHOR has figures of other systems on the same machine (CONTRIBUTING.md has the format): `elixir test/bench/anchor/elixir.exs ANCHOR`
 * writes those of Elixir's Registry and Erlang's pg. Without it neither page has lines about them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { parseAnchor } from './anchor/anchor';
import { anchorSection } from './anchor/anchor-table';
import { drawCurve } from './support/curve';
import { frontPageTable } from './support/front-page';
import { listMissed, remarkOn, takeRemarks } from './support/notes';
import { type Result, short, times, verdict } from './support/result';

const ROOT = join(__dirname, '..', '..');
/** The comparison has a table of its own, where the notes say. */
const COMPARISON = { area: 'moleculer', mark: '<!-- table: moleculer -->' } as const;
const README_MARKS = ['<!-- bench: begin -->', '<!-- bench: end -->'] as const;

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { anchor: { type: 'string' } },
});
const [file] = positionals;
if (file === undefined) throw new Error('Name the file that `npm run bench -- --json FILE` wrote.');
const anchor =
  options.anchor === undefined ? [] : parseAnchor(options.anchor, readFileSync(options.anchor, 'utf8'));
const results = JSON.parse(readFileSync(file, 'utf8')) as readonly Result[];
const notes = readFileSync(join(ROOT, 'docs', 'performance-notes.md'), 'utf8');
const { remarks: onMissed, rest: withoutMissed } = takeRemarks(notes, 'Why targets are missed');
const { remarks: onCurves, rest: words } = takeRemarks(withoutMissed, 'What the curves say');
const curves = new Map<string, Result[]>();
for (const result of results) {
  if (result.point === null) continue;
  const { curve } = result.point;
  const points = curves.get(curve);
  if (points === undefined) curves.set(curve, [result]);
  else points.push(result);
}
void report();

async function report(): Promise<void> {
  for (const [title, points] of curves) {
    if (points.length > 1) await write(`docs/${fileOf(title)}`, drawCurve(title, points));
  }
  await write('docs/PERFORMANCE.md', document());
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [before, after] = [readme.split(README_MARKS[0])[0], readme.split(README_MARKS[1])[1]];
  if (after === undefined)
    throw new Error(`README.md has no place for the table: ${README_MARKS.join(' … ')}`);
  const shown = frontPageTable(results, anchor);
  await write('README.md', `${before}${README_MARKS[0]}\n\n${shown}\n\n${README_MARKS[1]}${after}`);
}

function document(): string {
  const judged = results.filter(({ ok }) => ok !== null);
  const loads = results.map(({ load }) => load);
  const met = judged.filter(({ ok }) => ok === true);
  return [
    '# Performance',
    '',
    '<!-- Made by `npm run bench:report` from the figures of `npm run bench`. Do not edit: the words are in performance-notes.md. -->',
    '',
    `${met.length} of ${judged.length} targets are met. Each figure is the median of its rounds; rounds of what is measured and of its`,
    'baseline alternate in one process. The ratio is the median of the ratios of neighbouring rounds, ± half of the width of its middle half, in percent.',
    `Measured with Node.js ${process.versions.node} on ${cpus().length} cores, which serve both nodes, the broker and the benchmark; the load of the machine`,
    `was between ${short(Math.min(...loads))} and ${short(Math.max(...loads))} meanwhile, the benchmarks' own included.`,
    '',
    table(results.filter(({ ok }) => ok !== null)),
    '',
    '## Reported only',
    '',
    table(results.filter(({ ok, area }) => ok === null && area !== COMPARISON.area)),
    '',
    '## Growth',
    '',
    'Both axes are logarithmic; the grey line is the baseline, where there is one.',
    '',
    ...[...curves].flatMap(([title, points]) =>
      points.length > 1 ? [`![${title}](${fileOf(title)})`, '', remarkOn(title, onCurves), ''] : [],
    ),
    '## Why targets are missed',
    '',
    listMissed(results, onMissed),
    '',
    anchorSection(results, anchor) +
      words.replace(
        COMPARISON.mark,
        table(
          results.filter(({ area }) => area === COMPARISON.area),
          'Moleculer',
        ),
      ),
  ].join('\n');
}

function table(rows: readonly Result[], baselines = 'baseline'): string {
  const lines = rows.map((result) => {
    const { name, unit, value, baseline, ratio, target, ok, spread } = result;
    return cells([
      name,
      `${short(value)} ${unit}`,
      baseline === null ? '–' : `${short(baseline)} ${unit}`,
      ratio === null ? '–' : `${times(ratio)} ± ${Math.round(((spread.ratio ?? 0) / 2) * 100)} %`,
      target ?? '–',
      ok === false ? `**${verdict(result)}**` : verdict(result),
    ]);
  });
  return [
    cells(['work', 'here', baselines, 'ratio', 'target', '']),
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

/** Writes a file as `npm run format` would leave it. */
async function write(path: string, text: string): Promise<void> {
  const filepath = join(ROOT, path);
  const isDrawing = path.endsWith('.svg');
  const formatted = isDrawing ? text : await format(text, { ...(await resolveConfig(filepath)), filepath });
  writeFileSync(filepath, formatted);
}
