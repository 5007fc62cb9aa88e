import type { LocalProcess, PgRegistryNode, Pid } from 'nestjs-pg-registry';

/** A process that a test controls. */
export class Actor {
  readonly process: LocalProcess;
  readonly #node: PgRegistryNode;

  constructor(node: PgRegistryNode) {
    this.#node = node;
    this.process = node.processes.spawn();
  }

  get pid(): Pid {
    return this.process.pid;
  }

  /** Runs a function as the process: `self()` returns its pid meanwhile. */
  do<T>(something: () => T): T {
    return this.#node.processes.run(this.process, something);
  }

  exit(reason?: unknown): void {
    this.process.exit(reason);
  }
}
