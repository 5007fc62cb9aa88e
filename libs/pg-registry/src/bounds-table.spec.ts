import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { DEFAULT_CALL_LIMITS } from './calls';
import { DEFAULT_PROTOCOL_OPTIONS, type ProtocolOptions } from './cluster';
import { normalNodeOptions } from './node/node-options';
import { VirtualNetwork } from './protocol/virtual-network.fixture';
import { localTransport } from './transport/local';

/** A line of the table. */
interface Line {
  readonly what: string;
  readonly limit: string;
  /** The file of a constant; undefined: the limit is an option. */
  readonly file: string | undefined;
  readonly value: string;
  readonly figure: string | undefined;
}

const PAGE = join(__dirname, '../../../docs/guide/security.md');
const HEADING = '## What a peer can make a node hold';

/** Options that bound what the node itself makes, and no peer can fill. */
const OF_THE_NODE: readonly (keyof ProtocolOptions)[] = [
  'maxFrameBytes',
  'maxHelloBytes',
  'ringBytes',
  'maxUnflushedBytes',
];

const { mailboxCapacity } = normalNodeOptions({}, () => localTransport());
const DEFAULTS = { ...DEFAULT_PROTOCOL_OPTIONS, ...DEFAULT_CALL_LIMITS, mailboxCapacity };

function linesOfPage(): Line[] {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split(HEADING);
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .filter((line) => !/^\|[\s|-]+$/.test(line))
    .map((line) => {
      const [what, limit, value, , figure] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      const [, name = '', file] = /^`(\w+)`(?: \((.+)\))?$/.exec(limit) ?? [];
      return { what, limit: name, file, value, figure: /`(.+?)`/.exec(figure)?.[1] };
    });
}

function sources(folder = __dirname): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /(?<!\.spec|\.fixture)\.ts$/.test(entry.name) ? [readFileSync(path, 'utf8')] : [];
  });
}

/** A product of whole numbers as the code has it: `64 * 1024 * 1024`. */
function product(text: string): number {
  return text.split('*').reduce((so, factor) => so * Number(factor.replaceAll('_', '')), 1);
}

/** The value of a limit as the page should have it. */
function valueInCode({ limit, file }: Line): string {
  if (limit === 'maxPeerBytes' || limit === 'maxCallBytesPerPeer') {
    const { protocol, calls } = normalNodeOptions({}, () => localTransport());
    const bytes: unknown = Reflect.get({ ...protocol, ...calls }, limit);
    return bytes === Math.floor(getHeapStatistics().heap_size_limit / 4) ? "a quarter of V8's heap" : '';
  }
  if (file === undefined) return Number(Reflect.get(DEFAULTS, limit)).toLocaleString('en');
  const source = readFileSync(join(__dirname, file), 'utf8');
  const declared = new RegExp(`const ${limit} = ([\\d_ *]+);`).exec(source)?.[1] ?? '';
  return product(declared).toLocaleString('en');
}

const LINES = linesOfPage();

describe('The table of bounds of the security page', () => {
  it('has a line for every option that bounds what a peer makes grow', () => {
    const bounds = Object.keys(DEFAULTS).filter((option) => /^max|Bytes$/.test(option));
    const named = new Set(LINES.map(({ limit }) => limit));
    expect(bounds.filter((option) => !named.has(option))).toEqual(OF_THE_NODE);
  });

  it.each(LINES.map((line) => [line.what, line] as const))('says what the code does of %s', (_what, line) => {
    expect(line.value).toBe(valueInCode(line));
  });

  it('names counters and figures that the node has', () => {
    const stats = new VirtualNetwork().start('a').protocol.stats();
    const code = sources().join('\n');
    const unknown = LINES.flatMap(({ figure }) => {
      if (figure === undefined) return [];
      const isFigure = figure
        .split('.')
        .reduce<unknown>((part, name) => Reflect.get(Object(part), name), stats);
      const prefix = figure.replace(/^(rejected|resyncs)-.*/, '$1-');
      const isCounter =
        code.includes(`'${figure}'`) || (prefix !== figure && code.includes(`\`${prefix}\${`));
      return isFigure !== undefined || isCounter ? [] : [figure];
    });
    expect(unknown).toEqual([]);
  });
});
