import { BenchError } from '../support/bench-error';

/** The areas of two suites that were asked for. */
export interface Areas {
  readonly both: readonly string[];
  readonly onlyHere: readonly string[];
  readonly onlyThere: readonly string[];
}

/**
 * Chooses the areas whose names begin in a given way.
 *
 * @throws BenchError if there are none that both sides have.
 */
export function chooseAreas(here: readonly string[], there: readonly string[], beginning: string): Areas {
  const [ours, theirs] = [here, there].map((names) => names.filter((name) => name.startsWith(beginning)));
  const areas = {
    both: ours.filter((name) => theirs.includes(name)),
    onlyHere: ours.filter((name) => !theirs.includes(name)),
    onlyThere: theirs.filter((name) => !ours.includes(name)),
  };
  if (areas.both.length > 0) return areas;
  const found = [...areas.onlyHere, ...areas.onlyThere];
  const problem =
    found.length === 0
      ? `No area begins with '${beginning}'.`
      : `There is nothing to compare: only one side has ${found.join(', ')}.`;
  const common = here.filter((name) => there.includes(name));
  throw new BenchError(`${problem} Both sides have: ${common.join(', ') || 'none in common'}.`);
}
