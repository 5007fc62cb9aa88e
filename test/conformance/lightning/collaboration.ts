import {
  AlreadyRegisteredError,
  type LocalProcess,
  NotRegisteredError,
  type PgRegistryNode,
  type PgRegistryService,
  type Pid,
  ProcessExitedError,
  via,
} from 'nestjs-pg-registry';
import { CollaborationRegistry } from '../../../apps/collaboration/src/registry/collaboration-registry';
import { type DocumentArguments, DocumentSupervisor, partOf, Session } from './document-processes';

/**
 * Documents that several users edit at a time, built on the public API: a unique scope for who is who, a duplicate one for
 * whom the cluster finds, and process classes. Mirrors `Lightning.Collaboration` and its supervisor.
 */
export class Collaboration {
  readonly registry: CollaborationRegistry;
  /** The shared documents of the whole cluster, by name. */
  readonly groups: PgRegistryService;
  readonly #node: PgRegistryNode;
  readonly #names: { readonly registry: string; readonly groups: string };

  /** @param base Instances with different bases never see each other. */
  constructor(node: PgRegistryNode, base = 'collaboration') {
    this.#node = node;
    this.#names = { registry: `${base}.registry`, groups: `${base}.groups` };
    this.registry = CollaborationRegistry.start(node, this.#names.registry);
    this.groups = node.ensureScope(this.#names.groups);
  }

  /**
   * The supervisor of a document, started unless one runs on this node.
   *
   * @param owner The document that is started here ends with it; one that was only found does not.
   */
  async startDocument(document: string, owner?: LocalProcess): Promise<{ pid: Pid; created: boolean }> {
    const args = this.#argumentsOf(document);
    try {
      const name = partOf(args, 'doc_supervisor');
      const { pid } = await this.#node.processes.start(DocumentSupervisor, { via: name, args, owner });
      return { pid, created: true };
    } catch (error) {
      if (!(error instanceof AlreadyRegisteredError)) throw error;
      return { pid: error.pid, created: false };
    }
  }

  /** Ends a document on this node; nothing if there is none, or if it ends meanwhile. */
  async stopDocument(document: string): Promise<void> {
    const supervisor = this.registry.whereis(['doc_supervisor', document]);
    if (supervisor === undefined) return;
    try {
      await this.#node.processes.call(supervisor, 'stop');
    } catch (error) {
      if (!(error instanceof ProcessExitedError || error instanceof NotRegisteredError)) throw error;
    }
  }

  /** Begins a user's session on a document, wherever in the cluster that runs. */
  async startSession(document: string, id: string, user: string): Promise<LocalProcess> {
    const name = via(this.#names.registry, ['session', `${document}:${id}`, user]);
    return await this.#node.processes.start(Session, { via: name, args: this.#argumentsOf(document) });
  }

  #argumentsOf(document: string): DocumentArguments {
    return { ...this.#names, document };
  }
}
