import { perform } from './action-runner';
import { SeededRandom } from '../support/seeded-random';
import { Violation } from './invariants';
import { checkAgreement, quietPeriods } from './quiescence';
import { drawClusterConfig, type ClusterConfig } from './cluster-config';
import { drawSteps, type Step, textOfStep, withAttacks, withCalls } from './step-generator';
import { SimulatedCluster } from './simulated-cluster';

/** A scenario: a cluster and the steps to run on it. Everything else follows from its seed. */
export interface Scenario {
  readonly seed: number;
  readonly config: ClusterConfig;
  readonly steps: readonly Step[];
}

/** How a scenario ended. */
export interface Outcome {
  /** The broken invariant, or `undefined`. */
  readonly violation: Violation | undefined;
  /** What happened, line by line. */
  readonly lines: readonly string[];
  /** How many changes of entries all nodes saw: proof that something happened. */
  readonly changes: number;
  /** Calls between honest nodes that were answered. */
  readonly answered: number;
  /** Frames of a hostile peer that were refused. */
  readonly refused: number;
}

/** Draws a scenario. */
export function drawScenario(seed: number, steps: number): Scenario {
  const config = drawClusterConfig(seed);
  const random = new SeededRandom(seed ^ 0xca11);
  const drawn = withCalls(drawSteps(new SeededRandom(seed), steps, config.unitMs), random);
  return {
    seed,
    config,
    steps: config.isHostile ? withAttacks(drawn, new SeededRandom(seed ^ 0xbad)) : drawn,
  };
}

/** Runs the steps, ends all faults, waits until the cluster is quiet and compares all nodes. The same scenario always runs the same. */
export function runScenario({ seed, config, steps }: Scenario): Outcome {
  const cluster = new SimulatedCluster(config, seed);
  const outcome = (violation: Violation | undefined): Outcome => {
    const { changes, refusedFrames, callChecks } = cluster.checker;
    const { lines } = cluster;
    return { violation, lines, changes, answered: callChecks.answered, refused: refusedFrames.count };
  };
  try {
    for (const name of config.names.slice(0, 2)) cluster.start(name, cluster.broker.servers[0], 0);
    if (config.isHostile) cluster.startAdversary(cluster.broker.servers[0], 0);
    for (const step of steps) {
      // Each step has random numbers of its own, so that a scenario without some of its steps runs much the same.
      cluster.random.reseed(step.seed);
      cluster.log(textOfStep(step));
      perform(cluster, step);
      cluster.checker.afterStep();
      cluster.advance(step.thenMs);
      cluster.checker.afterStep();
    }
    cluster.random.reseed(seed);
    for (const rest of quietPeriods(cluster)) {
      cluster.advance(rest);
      cluster.checker.afterStep();
    }
    checkAgreement(cluster);
    return outcome(undefined);
  } catch (error) {
    if (error instanceof Violation) return outcome(error);
    return outcome(new Violation(9, error instanceof Error ? (error.stack ?? error.message) : String(error)));
  }
}

/**
 * Looks for a short scenario that breaks the same invariant, by leaving out smaller and smaller parts of the steps.
 *
 * @param tries How many scenarios may be run for it
 */
export function shrink(scenario: Scenario, invariant: number, tries = 400): Scenario {
  let best = scenario;
  let left = tries;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.steps.length && left > 0; left -= 1) {
      const steps = [...best.steps.slice(0, from), ...best.steps.slice(from + size)];
      const shorter = { ...best, steps };
      if (runScenario(shorter).violation?.invariant === invariant) best = shorter;
      else from += size;
    }
  }
  return best;
}
