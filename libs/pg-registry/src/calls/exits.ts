import type { LocalProcess, Processes } from '../lifetime';
import { InvalidArgumentError, type Pid, type Value } from '../term';

/**
 * Does what somebody orders who may end processes.
 *
 * @param node The name of the node that orders it.
 */
export type OrderHandler = (order: Value, node: string) => Promise<Value>;

/** The requests to end processes of this node. Some processes cannot be ended, and take orders instead: what needs the same permission. */
export class Exits {
  readonly #processes: Processes;
  readonly #orders = new Map<LocalProcess, OrderHandler>();

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  /** Sets what does the orders to a process. */
  takeOrders(process: LocalProcess, handler: OrderHandler): void {
    this.#orders.set(process, handler);
  }

  /**
   * Ends a process, or does what it is ordered.
   *
   * @param reason Why it ends, or the order.
   * @param node The name of the node that asks.
   * @returns What the order returns; null for an end.
   * @throws InvalidArgumentError for a process that others must not end: nothing was ended.
   */
  run(pid: Pid, reason: Value, node: string): Value | Promise<Value> {
    const process = this.#processes.get(pid);
    const handler = process && this.#orders.get(process);
    if (handler !== undefined) return handler(reason, node);
    exitByPid(this.#processes, pid, reason);
    return null;
  }
}

/**
 * Ends a process of this node for somebody who knows its pid, here or on another node. One that has ended already is none of its concern.
 *
 * @throws InvalidArgumentError for a process that others must not end: nothing was ended.
 */
function exitByPid(processes: Processes, pid: Pid, reason: unknown): void {
  const process = processes.get(pid);
  if (process === undefined) return;
  if (processes.isProtected(process)) {
    throw new InvalidArgumentError(
      `${String(pid)} must not be ended by its pid: it is the root process of its node, or belongs to a provider or to the library. ` +
        'It ends with its node. It lives on.',
    );
  }
  process.exit(reason);
}
