import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Extent } from '../support/bench';
import { BenchError } from '../support/bench-error';
import { NODES_VARIABLE } from '../support/nodes-variable';
import type { Result } from '../support/result';
import type { Commit } from './commit';
import { linkPackages, readLock, samePackages } from './packages';
import { type ProgramOptions, runProgram } from './program';

/** What names the areas of a suite. Both paths are as old as the suite. */
const LIST_AREAS = [
  '-r',
  './test/support/register.cjs',
  '-p',
  'JSON.stringify(Object.keys(require("./test/bench/areas").AREAS))',
];

/** Where the libraries are that the benchmarks measure. */
const LIBRARIES = 'libs';

/** Where a checkout is made, and from what. */
export interface Place {
  /** A directory of the repository: the one with package.json, and with node_modules. */
  readonly repository: string;
  /** An existing directory for everything that is made; whoever gives it removes it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * The files of one side of a comparison in a directory of their own, ready to run. Both sides have one: so nobody who works
 * in the repository meanwhile changes what is measured, and neither side has the better place.
 */
export class Checkout {
  readonly #place: Place;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(
    /** What it is called in messages. */
    readonly title: string,
    readonly directory: string,
    place: Place,
    env: NodeJS.ProcessEnv = {},
  ) {
    this.#place = place;
    this.#env = env;
  }

  /**
   * The files of a commit.
   *
   * @throws BenchError if the commit has no benchmarks, or needs packages that cannot be installed.
   */
  static async ofCommit({ ref, hash }: Commit, place: Place): Promise<Checkout> {
    const { repository } = place;
    const checkout = Checkout.#at('there', ref, place);
    await checkout.#extract(hash);
    if (!existsSync(join(checkout.directory, 'test', 'bench', 'run.ts')))
      throw new BenchError(`${ref} has no test/bench/run.ts, and so nothing to compare with.`);
    if (samePackages(readLock(repository), readLock(checkout.directory)))
      linkPackages(repository, checkout.directory);
    else await checkout.#run('npm', ['ci']);
    return checkout;
  }

  /** The files of the repository as they are now, committed or not; not those that git ignores. */
  static async ofWorkingTree(place: Place): Promise<Checkout> {
    const checkout = Checkout.#at('here', 'this working tree', place);
    await checkout.#copyWorkingTree();
    return checkout;
  }

  /** The libraries of a commit, and everything else as it is in the repository: for a suite that the commit does not have. */
  static async ofLibraries({ ref, hash }: Commit, place: Place): Promise<Checkout> {
    const checkout = Checkout.#at('there', `${ref} with the benchmarks of this working tree`, place);
    await checkout.#copyWorkingTree();
    rmSync(join(checkout.directory, LIBRARIES), { recursive: true });
    await checkout.#extract(hash, LIBRARIES);
    return checkout;
  }

  static #at(name: string, title: string, place: Place): Checkout {
    const directory = join(place.folder, name);
    mkdirSync(directory);
    return new Checkout(title, directory, place);
  }

  /** The same files; all nodes of their benchmarks have such options, given as JSON. */
  withNodes(options: string): Checkout {
    const title = `${this.title} with nodes ${options}`;
    return new Checkout(title, this.directory, this.#place, { [NODES_VARIABLE]: options });
  }

  /** Unpacks what a commit has at some paths, or everything. */
  async #extract(hash: string, ...paths: readonly string[]): Promise<void> {
    const { repository, folder, signal } = this.#place;
    const archive = join(folder, 'there.tar');
    await runProgram('git', ['archive', `--output=${archive}`, hash, ...paths], { cwd: repository, signal });
    await runProgram('tar', ['-xf', archive, '-C', this.directory], { cwd: folder, signal });
  }

  async #copyWorkingTree(): Promise<void> {
    const { repository, signal } = this.#place;
    const list = await runProgram('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: repository,
      signal,
    });
    // A file that was deleted is still listed, and so is node_modules where it is a link.
    const files = list.split('\0').filter((file) => file !== '' && file !== 'node_modules');
    for (const file of files.filter((each) => existsSync(join(repository, each))))
      cpSync(join(repository, file), join(this.directory, file), { recursive: true, verbatimSymlinks: true });
    linkPackages(repository, this.directory);
  }

  /** The areas of its suite, in their order. @throws BenchError if the suite cannot be loaded */
  async areas(): Promise<readonly string[]> {
    return JSON.parse(await this.#run(process.execPath, LIST_AREAS)) as string[];
  }

  /** Runs one area by its own `npm run bench`. @throws BenchError if that fails */
  async measure(area: string, extent: Extent): Promise<readonly Result[]> {
    const file = `${this.directory}.json`;
    const args = ['--area', area, '--json', file, ...(extent === 'full' ? [] : [`--${extent}`])];
    await this.#run('npm', ['run', '--silent', 'bench', '--', ...args]);
    const results = JSON.parse(readFileSync(file, 'utf8')) as readonly Result[];
    // `--area` takes every area whose name begins so.
    return results.filter((result) => result.area === area);
  }

  async #run(file: string, args: readonly string[]): Promise<string> {
    const { folder, signal } = this.#place;
    // What a killed benchmark leaves among the temporary files goes with the rest.
    const options: ProgramOptions = { cwd: this.directory, env: { ...this.#env, TMPDIR: folder }, signal };
    try {
      return await runProgram(file, args, options);
    } catch (error) {
      if (!(error instanceof BenchError) || signal.aborted) throw error;
      throw new BenchError(`In ${this.title}, ${error.message}`);
    }
  }
}
