import type { RejectionReason } from './effect';
import type { Endpoint } from './endpoint';
import type { Sender } from '../wire';

/** The nodes that were refused as peers, and why: one warning and one event per incarnation. Bounded by `maxTombstones`. */
export class Rejections {
  readonly #rejected = new Map<string, { readonly incarnation: string; readonly reason: RejectionReason }>();

  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Whether an incarnation speaks no common version, so that nothing it sends can be read. */
  speaksOtherwise(sender: Sender): boolean {
    const rejection = this.#rejected.get(sender.node);
    return rejection?.incarnation === sender.incarnation && rejection.reason === 'version';
  }

  add({ node, incarnation }: Sender, reason: RejectionReason, message: string): void {
    const endpoint = this.#endpoint;
    endpoint.count(`rejected-${reason}`);
    const before = this.#rejected.get(node);
    if (before?.incarnation === incarnation && before.reason === reason) return;
    if (before === undefined && this.#rejected.size >= endpoint.options.maxTombstones) return;
    this.#rejected.set(node, { incarnation, reason });
    endpoint.emitPeer({ type: 'peer-rejected', node, incarnation, reason });
    endpoint.emit({
      type: 'warn',
      reason: `rejected-${reason}`,
      message: `Node '${node}' is not accepted: ${message}`,
    });
  }

  /** Forgets a name: it has another incarnation now, or was accepted after all. */
  forget(node: string): void {
    this.#rejected.delete(node);
  }
}
