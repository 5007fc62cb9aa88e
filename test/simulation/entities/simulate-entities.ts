import { runEntitiesScenario } from './entities-scenario';

const DEFAULT_STEPS = 30;
const LINES = 100;

/**
 * Runs histories of entities until one breaks an invariant.
 *
 * @param argument Reads a number from the command line, or gives the default.
 */
export async function simulateEntities(argument: (name: string, otherwise: number) => number): Promise<void> {
  const steps = argument('steps', DEFAULT_STEPS);
  const first = argument('seed', Math.floor(Math.random() * 1e9));
  const seeds = argument('seeds', 1);
  let [calls, answered, moves] = [0, 0, 0];
  const start = performance.now();
  for (let seed = first; seed < first + seeds; seed += 1) {
    // One after the other: each has the whole of this Node.js process.
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await runEntitiesScenario(seed, steps);
    calls += outcome.calls;
    answered += outcome.answered;
    moves += outcome.starts['hand-over'] ?? 0;
    if (outcome.violation === undefined) continue;
    for (const line of outcome.lines.slice(-LINES)) console.log(line);
    console.log(`\nAgain: npm run simulate -- --entities --seed ${seed} --steps ${steps}`);
    process.exitCode = 1;
    return;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${seeds} histories of entities of ${steps} steps from seed ${first}: none broken, ${calls} calls, of which ${answered} were answered, ` +
      `${moves} entities handed over, ${seconds} s.`,
  );
}
