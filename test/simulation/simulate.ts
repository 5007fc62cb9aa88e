import { setImmediate as turn } from 'node:timers/promises';
import { simulateEntities } from './entities/simulate-entities';
import { simulateNames } from './names/simulate-names';
import { drawScenario, runScenario, type Scenario, shrink } from './scenario';
import { textOfStep } from './step-generator';

const DEFAULT_STEPS = 200;

/** Reads `--name value` from the command line. */
function argument(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(
    `--${name} must be a whole number: simulate -- [--names [--remade] | --entities | --hostile] [--seeds N] [--seed S] [--steps K]`,
  );
}

/** Shrinks a failing scenario and prints its steps and its log. */
function print(scenario: Scenario, steps: number): void {
  const { violation } = runScenario(scenario);
  const short = shrink(scenario, violation!.invariant);
  const outcome = runScenario(short);
  const { names, servers, options, tiny } = short.config;
  console.log(
    `\nSeed ${scenario.seed} breaks an invariant; of ${steps} steps ${short.steps.length} are left:`,
  );
  for (const step of short.steps) console.log(`  ${textOfStep(step)}, then ${step.thenMs} ms`);
  console.log(
    `Names ${names.join(' ')}, servers ${servers.join(' ')}, tiny ${tiny.join(' ') || 'none'}, options ${JSON.stringify(options)}`,
  );
  console.log('What happened:');
  for (const line of outcome.lines) console.log(line);
  console.log(`\n${outcome.violation!.message}`);
  console.log(`\nAgain: npm run simulate -- --seed ${scenario.seed} --steps ${steps}`);
}

/** Runs one scenario after the other until one breaks an invariant. With `--hostile`, only those with a hostile peer. */
async function main(): Promise<void> {
  const steps = argument('steps', DEFAULT_STEPS);
  const first = argument('seed', Math.floor(Math.random() * 1e9));
  const seeds = argument('seeds', 1);
  const isHostileOnly = process.argv.includes('--hostile');
  let [played, changes, answered, hostile, refused] = [0, 0, 0, 0, 0];
  const start = performance.now();
  for (let seed = first; seed < first + seeds; seed += 1) {
    const scenario = drawScenario(seed, steps);
    if (isHostileOnly && !scenario.config.isHostile) continue;
    played += 1;
    const outcome = runScenario(scenario);
    changes += outcome.changes;
    answered += outcome.answered;
    refused += outcome.refused;
    if (scenario.config.isHostile) hostile += 1;
    if (outcome.violation !== undefined) {
      print(scenario, steps);
      process.exitCode = 1;
      return;
    }
    // Whatever a WeakRef pointed to during a turn of the event loop lives until the turn ends: 500 scenarios took 4 GB.
    await turn();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${played} scenarios of ${steps} steps from seed ${first}: none broken, ${changes} changes seen, ${answered} calls answered, ` +
      `${hostile} with a hostile peer, of which ${refused} frames were refused, ${seconds} s.`,
  );
}

if (process.argv.includes('--names')) simulateNames(argument);
else if (process.argv.includes('--entities')) void simulateEntities(argument);
else void main();
