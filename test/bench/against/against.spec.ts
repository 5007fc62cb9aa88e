import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '../../support/eventually';
import { type AgainstOptions, compareAgainst } from './against';
import type { Comparison } from './comparison';

const SEVERAL_PROCESSES_MS = 60_000;
const GIT = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgsign=false'];
/** A suite that only says what speed.cjs says. */
const SUITE = {
  'package.json': '{ "scripts": { "bench": "node bench.cjs" } }',
  'package-lock.json': '{ "packages": {} }',
  '.gitignore': 'node_modules/\n',
  'node_modules/.bin/tool': '',
  'test/support/register.cjs': '',
  'test/bench/run.ts': '',
  'test/bench/areas.js': 'exports.AREAS = { reads() {}, writes() {} };',
  'bench.cjs': `
    const [, area, , file] = process.argv.slice(2);
    const figure = { area, name: 'lookup', unit: '/s', value: require('./speed.cjs'), target: null };
    require('node:fs').writeFileSync(file, JSON.stringify([figure, { ...figure, area: 'reads-too' }]));`,
  'speed.cjs': 'module.exports = 100;',
};

describe('npm run bench -- --against', () => {
  let folder: string;
  let repository: string;
  let printed: string[];

  beforeEach(() => {
    // What the comparison makes goes here, too: so the tests see whether it removes that.
    folder = mkdtempSync(join(tmpdir(), 'pg-registry-against-'));
    repository = join(folder, 'repository');
    printed = [];
    write(SUITE);
    git('init', '--quiet');
    commit('Say a hundred');
  });

  afterEach(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

  function write(files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(repository, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }

  function git(...args: readonly string[]): void {
    execFileSync('git', [...GIT, ...args], { cwd: repository });
  }

  function commit(message: string): void {
    git('add', '--all');
    git('commit', '--quiet', '--message', message);
  }

  function compare(options: Partial<AgainstOptions> = {}): Promise<readonly Comparison[]> {
    return compareAgainst({
      repository,
      temporary: folder,
      ref: 'HEAD',
      rounds: 3,
      area: 'reads',
      quick: false,
      print: (line) => printed.push(line),
      tell: () => undefined,
      signal: new AbortController().signal,
      ...options,
    });
  }

  it(
    'compares the working tree as it is, files that are not yet known to git included, and leaves nothing behind',
    async () => {
      write({ 'speed.cjs': "module.exports = require('./new.cjs');", 'new.cjs': 'module.exports = 50;' });
      const json = join(repository, 'comparison.json');
      const worse = await compare({ json });
      expect(worse).toMatchObject([{ name: 'lookup', here: [50, 50, 50], there: [100, 100, 100] }]);
      expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual(worse);
      expect(printed[0]).toMatch(/^here: {2}this working tree, \w+ Say a hundred, with changes$/);
      expect(printed[1]).toMatch(/^there: HEAD, \w+ Say a hundred$/);
      expect(printed.at(-1)).toContain('1 figure compared: 1 worse by more than 10 %');
      expect(readdirSync(folder)).toEqual(['repository']);
    },
    SEVERAL_PROCESSES_MS,
  );

  it(
    'shows the last lines of a run that fails in the other commit, and whose they are',
    async () => {
      write({ 'speed.cjs': "throw new Error('was broken then');" });
      commit('Break it');
      write({ 'speed.cjs': 'module.exports = 100;' });
      const failure = (await compare().catch((error: unknown) => error)) as Error;
      expect(failure.message).toMatch(/^In HEAD, npm run .* ended with status 1:\n/);
      expect(failure.message).toContain('Error: was broken then');
      expect(readdirSync(folder)).toEqual(['repository']);
    },
    SEVERAL_PROCESSES_MS,
  );

  it(
    'ends at once when it is interrupted, and leaves nothing behind',
    async () => {
      write({
        'bench.cjs': "require('node:fs').writeFileSync('../started', ''); setInterval(() => {}, 1000);",
      });
      const controller = new AbortController();
      const comparing = compare({ signal: controller.signal });
      await eventually(() => readdirSync(folder).some((name) => existsSync(join(folder, name, 'started'))), {
        timeoutMs: SEVERAL_PROCESSES_MS,
      });
      controller.abort(new Error('Ctrl-C'));
      await expect(comparing).rejects.toThrow('Ctrl-C');
      expect(readdirSync(folder)).toEqual(['repository']);
    },
    SEVERAL_PROCESSES_MS,
  );

  it('says what a commit is when there is none of that name, and takes nothing for an option of git', async () => {
    await expect(compare({ ref: 'nowhere' })).rejects.toThrow("'nowhere' is no commit of this repository.");
    await expect(compare({ ref: '--all' })).rejects.toThrow("'--all' is no commit of this repository.");
    expect(readdirSync(folder)).toEqual(['repository']);
  });

  it('says so when the other commit has no benchmarks', async () => {
    rmSync(join(repository, 'test', 'bench', 'run.ts'));
    commit('Measure nothing');
    await expect(compare()).rejects.toThrow('HEAD has no test/bench/run.ts, and so nothing to compare with.');
  });

  it('names the areas that there are when it is asked for another', async () => {
    await expect(compare({ area: 'raeds' })).rejects.toThrow(
      "No area begins with 'raeds'. Both sides have: reads, writes.",
    );
  });
});
