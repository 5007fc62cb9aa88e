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

/** 7 where the library has the file that only the commit has. */
const HAS_GONE = "7 * require('node:fs').existsSync('libs/one/gone.cjs')";

function commitNamed(ref: string): Partial<AgainstOptions> {
  return { against: { ref, sameBenchmarks: false } };
}

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
      against: { ref: 'HEAD', sameBenchmarks: false },
      rounds: 3,
      within: 10,
      area: 'reads',
      extent: 'full',
      continues: false,
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
    'compares the working tree with itself under other options of its nodes, and judges by the given percentage',
    async () => {
      write({
        'speed.cjs': `module.exports = process.env.PG_REGISTRY_BENCH_NODES === '{"observer":false}' ? 103 : 100;`,
      });
      const worse = await compare({ against: { nodes: '{"observer":false}' }, within: 2 });
      expect(worse).toMatchObject([{ name: 'lookup', here: [100, 100, 100], there: [103, 103, 103] }]);
      expect(printed[1]).toBe('there: this working tree with nodes {"observer":false}');
      expect(printed.at(-1)).toContain('1 figure compared: 1 worse by more than 2 %');
      expect(readdirSync(folder)).toEqual(['repository']);
    },
    SEVERAL_PROCESSES_MS,
  );

  it(
    "measures the other commit's libraries with the benchmarks of the working tree when it is asked to",
    async () => {
      const library = 'libs/one/speed.cjs';
      write({ 'speed.cjs': "module.exports = 1 + require('./libs/one/speed.cjs');" });
      write({ [library]: 'module.exports = 100;', 'libs/one/gone.cjs': '' });
      commit('Make a library');
      rmSync(join(repository, 'libs/one/gone.cjs'));
      write({ 'speed.cjs': `module.exports = ${HAS_GONE} + require('./libs/one/speed.cjs');` });
      write({ [library]: 'module.exports = 50;' });
      const worse = await compare({ against: { ref: 'HEAD', sameBenchmarks: true } });
      expect(worse).toMatchObject([{ name: 'lookup', here: [50, 50, 50], there: [107, 107, 107] }]);
      expect(printed[1]).toMatch(/^there: the libraries of HEAD, \w+ Make a library$/);
    },
    SEVERAL_PROCESSES_MS,
  );

  it(
    'keeps what it has after each round, and adds to it when it is continued',
    async () => {
      const json = join(folder, 'comparison.json');
      // Fails in the third run: the first of the second round.
      write({
        'speed.cjs': `
          const runs = ${JSON.stringify(join(folder, 'runs'))};
          require('node:fs').appendFileSync(runs, '.');
          if (require('node:fs').statSync(runs).size === 3) throw new Error('cut off');
          module.exports = 50;`,
      });
      commit('Fail once');
      await expect(compare({ json, within: 5 })).rejects.toThrow('cut off');
      const here = (): unknown => (JSON.parse(readFileSync(json, 'utf8')) as Comparison[])[0].here;
      expect(here()).toEqual([50]);
      await compare({ json, continues: true, rounds: 2 });
      expect(here()).toEqual([50, 50, 50]);
      expect(printed.at(-1)).toContain('1 figure compared: 0 worse');
      writeFileSync(json, '[');
      await expect(compare({ json, continues: true })).rejects.toThrow(
        /^The file of --json cannot be continued: .*\. Nothing was measured\.$/,
      );
      rmSync(json);
      await compare({ json, continues: true, rounds: 1 });
      expect(here()).toEqual([50]);
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
    await expect(compare(commitNamed('nowhere'))).rejects.toThrow(
      "'nowhere' is no commit of this repository.",
    );
    await expect(compare(commitNamed('--all'))).rejects.toThrow("'--all' is no commit of this repository.");
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
