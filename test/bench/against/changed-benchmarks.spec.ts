import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { changedBenchmarks } from './changed-benchmarks';

const SUITE = {
  'bench/reads.bench.ts': "import {\n  a,\n} from './support/a';\nread(a);\n",
  'bench/calls.bench.ts': "import { b } from './support/b';\nstart('bench/support/other.fixture.ts', b);\n",
  'bench/support/a.ts': "import { deep } from '../../../libs/deep';\nexport const a = deep;\n",
  'bench/support/b.ts': 'export const b = 1;\n',
  'bench/support/other.fixture.ts': 'serve();\n',
};

describe('the benchmarks of two commits', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'pg-registry-changed-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function project(name: string, changes: Readonly<Record<string, string | undefined>> = {}): string {
    for (const [path, source] of Object.entries({ ...SUITE, ...changes })) {
      if (source === undefined) continue;
      const file = join(folder, name, 'test', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, source);
    }
    return join(folder, name);
  }

  it('are the same when only their imports differ', () => {
    const moved = project('there', {
      'bench/support/a.ts': "import { deep } from '../../../libs/elsewhere/deep';\nexport const a = deep;\n",
    });
    expect(changedBenchmarks(project('here'), moved, ['reads', 'calls'])).toEqual([]);
  });

  it('differ by what an area imports and by the processes that it starts, and not by what other areas do', () => {
    const other = project('there', {
      'bench/reads.bench.ts': 'read(nothing);\n',
      'bench/support/b.ts': 'export const b = 2;\n',
      'bench/support/other.fixture.ts': 'serve(more);\n',
    });
    expect(changedBenchmarks(project('here'), other, ['calls'])).toEqual([
      'bench/support/b.ts',
      'bench/support/other.fixture.ts',
    ]);
  });

  it('differ by a file that the other does not have', () => {
    const older = project('there', { 'bench/support/a.ts': undefined });
    expect(changedBenchmarks(project('here'), older, ['reads'])).toEqual(['bench/support/a.ts']);
  });
});
