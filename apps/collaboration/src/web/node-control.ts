import { Injectable } from '@nestjs/common';
import {
  HandleCast,
  InjectRegistry,
  PgRegistryService,
  type Pid,
  ProcessService,
  RegisterVia,
} from 'nestjs-pg-registry';
import { CollaborationOptions } from '../collaboration-options';

const CONTROL = 'node-control';

/** Kills nodes of a demonstration. Each node has one, under the same name. */
@Injectable()
@RegisterVia('pg', CONTROL)
export class NodeControl {
  readonly #processes: ProcessService;
  readonly #nodes: PgRegistryService;
  readonly #options: CollaborationOptions;

  constructor(
    processes: ProcessService,
    @InjectRegistry('pg') nodes: PgRegistryService,
    options: CollaborationOptions,
  ) {
    this.#processes = processes;
    this.#nodes = nodes;
    this.#options = options;
  }

  /** Kills the node of a supervisor, or only the supervisor, if nodes share an operating-system process. */
  async kill(supervisor: Pid): Promise<void> {
    if (this.#options.killNode === undefined) return await this.#processes.exit(supervisor, 'killed');
    const control = this.#nodes.members(CONTROL).find(({ node }) => node === supervisor.node);
    if (control !== undefined) this.#processes.cast(control, 'killNode');
  }

  @HandleCast()
  killNode(): void {
    if (this.#options.isDemonstration) this.#options.killNode?.();
  }
}
