import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remembering } from './resolved-packages.cjs';

const ROOT = join(__dirname, '..', '..');

describe('register.cjs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pg-registry-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(source: string): string {
    const file = join(folder, 'main.ts');
    writeFileSync(file, source);
    return execFileSync(process.execPath, ['-r', join(__dirname, 'register.cjs'), file], {
      cwd: ROOT,
      encoding: 'utf8',
    });
  }

  it('shows lines of the source in stacks, also of what a process before compiled', () => {
    const source = [
      'interface Gone {',
      '  readonly inCompiledCode: boolean;',
      '}',
      'const fail = (): Gone => { throw new TypeError("wrong"); };',
      'try { fail(); } catch (error) { console.log((error as Error).stack); }',
    ].join('\n');
    for (const output of [run(source), run(source)])
      expect(output).toMatch(/^TypeError: wrong\n +at fail \(.*main\.ts:4:\d+\)\n +at .*main\.ts:5:7\)?\n/);
  });

  it('shows a stack of an error that cannot say its name', () => {
    const source = `
      const error = Object.defineProperty(new Error(), 'name', { get: () => { throw new Error('no name'); } });
      console.log(error.stack);`;
    expect(run(source)).toMatch(/^Error\n +at .*main\.ts:2:\d+/);
  });

  it('remembers where the files of packages are until npm installs others', async () => {
    const installed = join(folder, 'node_modules');
    const lock = join(installed, '.package-lock.json');
    mkdirSync(installed);
    writeFileSync(lock, '{}');
    const parent = { filename: join(installed, 'a', 'index.js') };
    /** As another process. @returns Whether it had to look */
    const looks = async (where: string): Promise<boolean> => {
      const find = jest.fn(() => where);
      expect(remembering(folder, find)('b', parent)).toBe(where);
      // What was found is written when all is loaded.
      await new Promise((resolve) => setImmediate(resolve));
      return find.mock.calls.length > 0;
    };
    const there = join(installed, 'b', 'index.js');
    expect([await looks(there), await looks(there)]).toEqual([true, false]);
    utimesSync(lock, 1, 1);
    expect(await looks(there)).toBe(true);
    // Files that are written by hand come and go.
    expect(await looks(there)).toBe(false);
    utimesSync(lock, 2, 2);
    const ours = join(folder, 'b.ts');
    expect([await looks(ours), await looks(ours)]).toEqual([true, true]);
  });
});
