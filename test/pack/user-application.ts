import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Sources of applications and their tests, as users write them. */
export const USERS = join(__dirname, 'users');

/** Whether `nest new` made the application as ES modules, as it does since version 12. */
export function isEsm(application: string): boolean {
  const { type } = JSON.parse(readFileSync(join(application, 'package.json'), 'utf8')) as { type?: string };
  return type === 'module';
}

/** Runs a command in the application. @returns What it said. @throws Error with what it said, if it fails. */
export function run(
  cwd: string,
  program: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): string {
  // npx asks before it fetches a package that is not in its cache, and cancels if there is no terminal to ask on.
  const env = { ...process.env, ...more, npm_config_yes: 'true' };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return stdout + stderr;
  throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}
