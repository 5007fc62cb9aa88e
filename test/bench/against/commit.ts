import { BenchError } from '../support/bench-error';
import { type ProgramOptions, runProgram } from './program';

/** A commit, and what it is called. */
export interface Commit {
  /** As it was asked for. */
  readonly ref: string;
  /** All digits of its hash. */
  readonly hash: string;
  /** For people: as it was asked for, a few digits of its hash and the first line of its message. */
  readonly title: string;
}

/**
 * Looks a commit up in the repository of a directory.
 *
 * @param ref Any of git's names for it: hash, branch, tag, `HEAD~1`
 * @throws BenchError if there is no such commit.
 */
export async function findCommit(ref: string, options: ProgramOptions): Promise<Commit> {
  let hash: string;
  try {
    hash = await runProgram('git', ['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`], options);
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    throw new BenchError(
      `'${ref}' is no commit of this repository. A commit is named by its hash, a branch or a tag, or from one of ` +
        `them on: main, HEAD~1. What git said:\n${error.message}`,
    );
  }
  const summary = await summaryOf(hash.trim(), options);
  return { ref, hash: hash.trim(), title: summary.startsWith(ref) ? summary : `${ref}, ${summary}` };
}

/** The commit that a working tree started from, and whether it has changes since, for people. */
export async function describeWorkingTree(options: ProgramOptions): Promise<string> {
  const summary = await summaryOf('HEAD', options);
  const changes = await runProgram('git', ['status', '--porcelain'], options);
  return `this working tree, ${summary}${changes === '' ? '' : ', with changes'}`;
}

async function summaryOf(commit: string, options: ProgramOptions): Promise<string> {
  return (await runProgram('git', ['log', '-1', '--format=%h %s', commit], options)).trim();
}
