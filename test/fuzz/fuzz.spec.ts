import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArguments } from './arguments';
import { targetsOf } from './targets';

const ROOT = join(__dirname, '..', '..');

/** Runs the command as `npm run fuzz --` does. */
function fuzz(...given: readonly string[]): { readonly status: number | null; readonly text: string } {
  const preloaded = ['-r', './test/support/register.cjs', '-r', './test/fuzz/instrument.cjs'];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...preloaded, 'test/fuzz/fuzz.ts', ...given],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  return { status, text: `${stdout}${stderr}` };
}

describe('npm run fuzz', () => {
  it('finds that every input is taken well that once broke a promise or is in the corpus, and the next 300', () => {
    const { status, text } = fuzz('--executions', '300', '--seed', '1', '--no-keep');
    expect(text).toMatch(/Seed 1: nothing found\.\n$/);
    expect(status).toBe(0);
  }, 60_000);

  it('runs a finding again by its file, and refuses a target that it does not know', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'pg-registry-fuzz-')), 'finding.json');
    writeFileSync(file, JSON.stringify({ target: 'decode', fault: 'once', input: [[1, 0, 0, 'AA==']] }));
    const { status, text } = fuzz('--replay', file);
    rmSync(dirname(file), { recursive: true });
    expect([status, text]).toEqual([0, '1 findings run again, 0 failed.\n']);
    expect(() => targetsOf(['nothing'])).toThrow("There is no target 'nothing'; there are decode, peer");
    expect(targetsOf(['peer']).map(({ name }) => name)).toEqual(['peer']);
  }, 60_000);

  it('reads minutes, seconds or a number of inputs, and searches for a minute otherwise', () => {
    const timeOf = (...given: string[]): readonly number[] => {
      const { seconds, executions } = parseArguments(given);
      return [seconds, executions];
    };
    expect(timeOf('--minutes', '10')).toEqual([600, Infinity]);
    expect(timeOf('--seconds', '5')).toEqual([5, Infinity]);
    expect(timeOf('--executions', '7')).toEqual([Infinity, 7]);
    expect(timeOf()).toEqual([60, Infinity]);
    expect(() => timeOf('--minutes', 'x')).toThrow('--minutes must be a number ≥ 0 (got x)');
    expect(() => timeOf('--minute', '1')).toThrow('There is no option --minute');
  });
});
