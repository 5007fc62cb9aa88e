import type { EntryNumbers } from '.';

/** Entry numbers that lie `step` apart, as those of one scope do when other scopes take numbers of the same sequence. */
export function numbersInSteps(step: number, last = 0): EntryNumbers {
  let kept = last;
  return {
    get last() {
      return kept;
    },
    set last(given) {
      kept = given + step - 1;
    },
  };
}
