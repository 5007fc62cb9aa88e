import { DecodeError } from '../wire';
import type { Endpoint } from './endpoint';
import type { MutablePeer, Peer } from './peer';

const ASK = 0;
const ACKNOWLEDGE = 1;

/**
 * Draining: this node tells every unsuspected peer that it will leave, so that they pick other nodes, and waits up to `drainAckMs` for
 * their acknowledgements. It does not wait for peers that leave meanwhile. Peers that join later read the state in the hello.
 */
export class Drain {
  readonly #awaited = new Map<string, string>();
  /** When waiting ends; Infinity while nothing is awaited. */
  nextDeadline = Infinity;

  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Tells the peers; ends in one `drained` effect, at once if there are none. */
  begin(peers: Iterable<Peer>): void {
    const endpoint = this.#endpoint;
    for (const peer of peers) {
      if (peer.suspicion !== undefined) continue;
      this.#awaited.set(peer.incarnation, peer.node);
      endpoint.tell(peer.node, 'drain', Uint8Array.of(ASK), peer.version);
    }
    this.nextDeadline = endpoint.now + endpoint.options.drainAckMs;
    this.#endIfDone();
  }

  /** A peer drains, or acknowledges that this node does. @throws DecodeError if the body says neither */
  receive(peer: MutablePeer, body: Uint8Array): void {
    const [what] = body;
    if (body.length !== 1 || (what !== ASK && what !== ACKNOWLEDGE))
      throw new DecodeError('Not a drain frame.');
    if (what === ACKNOWLEDGE) {
      this.drop(peer);
      return;
    }
    markDraining(this.#endpoint, peer);
    this.#endpoint.tell(peer.node, 'drain', Uint8Array.of(ACKNOWLEDGE), peer.version);
  }

  /** Stops waiting for a peer: it acknowledged, or is gone. */
  drop(peer: Peer): void {
    if (this.#awaited.delete(peer.incarnation)) this.#endIfDone();
  }

  tick(): void {
    if (this.#endpoint.now >= this.nextDeadline) this.#end();
  }

  #endIfDone(): void {
    if (this.#awaited.size === 0 && this.nextDeadline !== Infinity) this.#end();
  }

  #end(): void {
    this.nextDeadline = Infinity;
    this.#endpoint.emit({ type: 'drained', missing: [...this.#awaited.values()] });
    this.#awaited.clear();
  }
}

/** Notes that a peer is about to leave; a peer never takes that back. */
export function markDraining(endpoint: Endpoint, peer: MutablePeer): void {
  if (peer.draining) return;
  peer.draining = true;
  endpoint.emitPeer({ type: 'peer-draining', node: peer.node, incarnation: peer.incarnation });
}
