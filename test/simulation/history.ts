import { perform } from './deeds';
import { Dice } from './dice';
import { Violation } from './invariant';
import { checkAgreement, restOf } from './rest';
import { drawSetting, type Setting } from './setting';
import { drawSteps, type Step, textOfStep, withAttacks } from './step';
import { World } from './world';

/** A history that is to be played: everything about it follows from its seed. */
export interface Script {
  readonly seed: number;
  readonly setting: Setting;
  readonly steps: readonly Step[];
}

/** How a history ended. */
export interface Outcome {
  /** What was broken; `undefined`: nothing. */
  readonly violation: Violation | undefined;
  /** What happened, line by line. */
  readonly story: readonly string[];
  /** Changes of entries that were seen, for knowing that something happened at all. */
  readonly changes: number;
  /** Frames of a hostile peer that were refused. */
  readonly refused: number;
}

/** Draws a history. */
export function drawScript(seed: number, steps: number): Script {
  const setting = drawSetting(seed);
  const drawn = drawSteps(new Dice(seed), steps, setting.unitMs);
  return { seed, setting, steps: setting.isHostile ? withAttacks(drawn, new Dice(seed ^ 0xbad)) : drawn };
}

/** Plays a history, then mends everything, lets it rest, and compares. The same script always plays the same. */
export function play({ seed, setting, steps }: Script): Outcome {
  const world = new World(setting, seed);
  const outcome = (violation: Violation | undefined): Outcome => {
    const { changes, refusals } = world.judge;
    return { violation, story: world.story, changes, refused: refusals.count };
  };
  try {
    for (const name of setting.names.slice(0, 2)) world.start(name, world.broker.servers[0], 0);
    if (setting.isHostile) world.startIntruder(world.broker.servers[0], 0);
    for (const step of steps) {
      // Each step has chance of its own, so that a history without some of its steps is still much the same.
      world.dice.reseed(step.seed);
      world.tell(textOfStep(step));
      perform(world, step);
      world.judge.afterStep();
      world.advance(step.thenMs);
      world.judge.afterStep();
    }
    world.dice.reseed(seed);
    for (const rest of restOf(world)) {
      world.advance(rest);
      world.judge.afterStep();
    }
    checkAgreement(world);
    return outcome(undefined);
  } catch (error) {
    if (error instanceof Violation) return outcome(error);
    return outcome(new Violation(9, error instanceof Error ? (error.stack ?? error.message) : String(error)));
  }
}

/**
 * Looks for a short history that breaks the same invariant: leaves out ever smaller parts as long as it still does.
 *
 * @param tries How many histories may be played for it
 */
export function shrink(script: Script, invariant: number, tries = 400): Script {
  let best = script;
  let left = tries;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.steps.length && left > 0; left -= 1) {
      const steps = [...best.steps.slice(0, from), ...best.steps.slice(from + size)];
      const shorter = { ...best, steps };
      if (play(shorter).violation?.invariant === invariant) best = shorter;
      else from += size;
    }
  }
  return best;
}
