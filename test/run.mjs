/**
 * `npm test`: provides what the tests need, runs all of them, and ends with the line `N passed, N failed`.
 * Arguments go to jest: `npm test -- --testPathPatterns transport`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideChromium } from './chromium.mjs';
import { provideNatsServer } from './nats-server.mjs';
import { providePostgres } from './postgres.mjs';
import { WorkingTime } from './support/working-time.cjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Far beyond what the tests take on an idle machine: something hangs then, and a message is better than silence. */
const LIMIT_MS = 15 * 60_000;
/** How often the load of the machine is looked at, which the limit grows with. */
const LOOK_MS = 5000;

try {
  installPackages();
  const chromium = provideChromium();
  const postgres = providePostgres();
  const { passed, failed, names } = await runJest({
    NATS_SERVER_BIN: provideNatsServer(),
    ...(chromium && { CHROMIUM_BIN: chromium }),
    ...(postgres && { POSTGRES_BIN: postgres }),
  });
  console.log(
    ['', ...names.map((name) => `FAILED ${name}`), `${passed} passed, ${failed} failed`].join('\n'),
  );
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Installs from the lock files: the repository's own packages, and those of the projects that prove other versions. */
function installPackages() {
  const compat = join(root, 'compat');
  const others = existsSync(compat) ? readdirSync(compat).map((name) => join(compat, name)) : [];
  for (const project of [root, ...others.filter((folder) => existsSync(join(folder, 'package-lock.json')))]) {
    if (existsSync(join(project, 'node_modules'))) continue;
    console.log(`No node_modules in ${project}: npm ci`);
    const { status } = spawnSync('npm', ['ci'], { cwd: project, stdio: 'inherit' });
    if (status !== 0) throw new Error(`npm ci failed in ${project}.`);
  }
}

/** Runs every jest project; counts and names tests, and suites that could not even be loaded as one failure each. */
async function runJest(env) {
  const folder = mkdtempSync(join(tmpdir(), 'pg-registry-test-'));
  const report = join(folder, 'report.json');
  try {
    const { status, timedOut } = await run(
      [
        join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
        '--passWithNoTests',
        '--json',
        `--outputFile=${report}`,
        ...process.argv.slice(2),
      ],
      env,
    );
    if (timedOut !== undefined) throw new Error(timedOut);
    if (!existsSync(report)) throw new Error(`jest ended with status ${status} and without a report.`);
    const results = JSON.parse(readFileSync(report, 'utf8'));
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    // Whatever jest does not count, but fails for, must not pass.
    return {
      passed: results.numPassedTests,
      failed: failed === 0 && status !== 0 ? 1 : failed,
      names: failuresIn(results),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names what failed, as `file › title`: in a long output, of which one may see only the end, the last lines say it. */
function failuresIn({ testResults }) {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [file] : [];
    return failed.map(({ fullName }) => `${file} › ${fullName}`);
  });
}

function run(args, env) {
  // The report goes to its file; jest writes a second copy to stdout.
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let timedOut;
  const time = new WorkingTime(availableParallelism());
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    time.add(now - before, loadavg()[0]);
    before = now;
    if (time.ms < LIMIT_MS) return;
    timedOut =
      `The tests did not end in ${String(time)} (the limit is ${LIMIT_MS / 60_000}, and grows with the load): ` +
      'something hangs, or this machine is very slow.';
    child.kill('SIGKILL');
  }, LOOK_MS);
  return new Promise((resolve) => {
    child.on('exit', (status) => {
      clearInterval(timer);
      resolve({ status, timedOut });
    });
  });
}
