import { ANY_HISTORY, REMADE_HISTORY, runNamesScenario } from './names-scenario';

const DEFAULT_STEPS = 200;
const LINES = 60;

/**
 * Runs histories of cluster names until one breaks an invariant. With `--remade`, only such as are about a store that is made anew.
 *
 * @param argument Reads a number from the command line, or gives the default.
 */
export function simulateNames(argument: (name: string, otherwise: number) => number): void {
  const steps = argument('steps', DEFAULT_STEPS);
  const first = argument('seed', Math.floor(Math.random() * 1e9));
  const seeds = argument('seeds', 1);
  const isRemade = process.argv.includes('--remade');
  let [elections, takeovers] = [0, 0];
  const start = performance.now();
  for (let seed = first; seed < first + seeds; seed += 1) {
    const outcome = runNamesScenario(seed, steps, isRemade ? REMADE_HISTORY : ANY_HISTORY);
    elections += outcome.elections;
    takeovers += outcome.takeovers;
    if (outcome.violation === undefined) continue;
    for (const line of outcome.lines.slice(-LINES)) console.log(line);
    console.log(
      `\nAgain: npm run simulate -- --names${isRemade ? ' --remade' : ''} --seed ${seed} --steps ${steps}`,
    );
    process.exitCode = 1;
    return;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${seeds} histories of names${isRemade ? ' with a store that is made anew' : ''} of ${steps} steps from seed ${first}: none broken, ${elections} elections, ` +
      `${takeovers} sessions fenced, ${seconds} s.`,
  );
}
