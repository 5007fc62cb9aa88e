import type { LocalProcess } from '../lifetime';
import type { WaitingList } from './waiting-list';

/** In which lists a process waits or holds, so that its exit costs only what it had. */
export class ListsByProcess {
  readonly #lists = new Map<LocalProcess, Set<WaitingList>>();

  /** A process waits in a list. */
  add(process: LocalProcess, list: WaitingList): void {
    let lists = this.#lists.get(process);
    if (lists === undefined) this.#lists.set(process, (lists = new Set()));
    lists.add(list);
  }

  /** Returns the lists of a process. */
  of(process: LocalProcess): readonly WaitingList[] {
    return [...(this.#lists.get(process) ?? [])];
  }

  /** Something of a process in a list has ended: forgets the list if that was the last. */
  tidy(process: LocalProcess, list: WaitingList): void {
    if (list.claim?.pid === process.pid || list.waiters(process).length > 0) return;
    const lists = this.#lists.get(process);
    if (lists?.delete(list) === true && lists.size === 0) this.#lists.delete(process);
  }
}
