import type { Pid } from '../term';
import type { Exclusion } from './pick';

/** Who cannot answer a call, as was found by trying. */
export class Exclusions implements Exclusion {
  readonly #incarnations = new Set<string>();
  readonly #processes = new Set<string>();

  /** Leaves out one process, or everything on its node. */
  add({ incarnation, id }: Pid, which: 'other-process' | 'other-node'): void {
    if (which === 'other-node') this.#incarnations.add(incarnation);
    else this.#processes.add(`${incarnation}.${id}`);
  }

  has({ incarnation, id }: Pid): boolean {
    if (this.#incarnations.has(incarnation)) return true;
    return this.#processes.size > 0 && this.#processes.has(`${incarnation}.${id}`);
  }
}
