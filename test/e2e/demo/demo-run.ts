import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { guardAgainstOrphan } from '../../support/orphan-guard';

const START = join(__dirname, '../../../apps/demo/start.mjs');

/** How one run of the demo ended. */
export interface DemoRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** Runs the demo as `npm start -- …args` does. */
export async function runDemo(
  args: readonly string[],
  { env = {} }: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<DemoRun> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [START, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const unguard = guardAgainstOrphan(child.pid!);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  unguard();
  return { status, ...output, seconds: (performance.now() - startedAt) / 1000 };
}
