import type { Via } from '../calls';
import type { LocalProcess } from '../lifetime';
import { KeyMap } from '../term';

/** The processes that had one name and have ended, each with the end of its `onProcessExit`. */
type Ending = Map<LocalProcess, Promise<void>>;

/**
 * The processes that had a name, have ended, and still run their `onProcessExit`. The next process of that name starts after it: what the
 * one saves is what the other loads. Keeps nothing of a name once nobody of it is ending.
 */
export class Predecessors {
  readonly #byScope = new Map<string, KeyMap<Ending>>();

  /** Remembers a process that has ended until `ended`, which never rejects, has settled. */
  add(name: Via, process: LocalProcess, ended: Promise<void>): void {
    const { scope, key } = name;
    let names = this.#byScope.get(scope);
    if (names === undefined) this.#byScope.set(scope, (names = new KeyMap()));
    let ending = names.get(key);
    if (ending === undefined) names.set(key, (ending = new Map()));
    ending.set(
      process,
      ended.then(() => this.#remove(name, process)),
    );
  }

  /**
   * Returns when everybody who had the name has finished its exit, or undefined if nobody is at it.
   *
   * @param starter Whose code asks. Its own exit is left out: the code would wait for itself.
   */
  gone({ scope, key }: Via, starter: LocalProcess): Promise<unknown> | undefined {
    const ending = this.#byScope.get(scope)?.get(key);
    if (ending === undefined) return undefined;
    const others = [...ending].filter(([process]) => process !== starter).map(([, ended]) => ended);
    return others.length === 0 ? undefined : Promise.all(others);
  }

  #remove({ scope, key }: Via, process: LocalProcess): void {
    const names = this.#byScope.get(scope);
    const ending = names?.get(key);
    ending?.delete(process);
    if (ending?.size === 0) names?.delete(key);
    if (names?.size === 0) this.#byScope.delete(scope);
  }
}
