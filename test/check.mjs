/**
 * `npm run check`: runs every script `check:*` of package.json, even if one fails, shows the output of those that failed,
 * and ends with the line `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const checks = Object.keys(scripts).filter((script) => script.startsWith('check:'));

const failed = checks.filter((check) => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', check], {
    cwd: root,
    encoding: 'utf8',
  });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${check}`);
  if (status !== 0) console.log(`${stdout}${stderr}`.replace(/^/gm, '  '));
  return status !== 0;
});

if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
console.log(`${checks.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
