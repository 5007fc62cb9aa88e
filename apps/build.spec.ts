import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stands for npm: notes what it was asked for, and makes the folder. */
const NPM = `
const { mkdirSync, writeFileSync } = require('node:fs');
if (process.env.FAILS) process.exit(7);
mkdirSync('node_modules');
writeFileSync('asked', process.argv.slice(2).join(' '));`;

const clone = mkdtempSync(join(tmpdir(), 'pg-registry-build-'));
const npm = join(clone, 'npm-cli.js');

beforeAll(() => {
  mkdirSync(join(clone, 'apps'));
  cpSync(join(__dirname, 'build.mjs'), join(clone, 'apps/build.mjs'));
  writeFileSync(npm, NPM);
  writeFileSync(
    join(clone, 'start.mjs'),
    "import { buildWhatIsOlder } from './apps/build.mjs'; await buildWhatIsOlder([]); console.log('started');",
  );
});
afterAll(() => rmSync(clone, { recursive: true }));

function start(env: NodeJS.ProcessEnv = {}) {
  const options = { encoding: 'utf8', env: { ...process.env, npm_execpath: npm, ...env } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, 'start.mjs')], options);
  return { status, stdout, stderr };
}

test('the applications install the packages of a fresh clone, do not start without them, and leave those alone that are there', () => {
  const installs = expect.stringContaining('Installing packages with `npm ci`') as string;
  expect(start({ FAILS: '1' })).toEqual({ status: 7, stdout: '', stderr: installs });
  expect(existsSync(join(clone, 'asked'))).toBe(false);
  expect(start()).toEqual({ status: 0, stdout: 'started\n', stderr: installs });
  rmSync(join(clone, 'asked'));
  expect(start()).toEqual({ status: 0, stdout: 'started\n', stderr: '' });
  expect(existsSync(join(clone, 'asked'))).toBe(false);
});
