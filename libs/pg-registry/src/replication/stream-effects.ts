import { Writer } from '../wire';
import type { Endpoint, Peer } from '../cluster';
import type { ReplicationEffect } from './effect';

/** What running the effects of a Replicator takes. */
export interface StreamEffectsContext {
  readonly peers: ReadonlyMap<string, Peer>;
  /** Asks a node to introduce itself, at most once a second. */
  ask(node: string): void;
  /** Everything said so far has to leave the client; then all Replicators are told. */
  flush(): void;
}

/** Runs what the Replicators want done: puts scope and envelope around their bodies, and everything else where it belongs. */
export class StreamEffects {
  /** Written to for each frame, and copied into its envelope at once. */
  readonly #writer = new Writer();

  readonly #endpoint: Endpoint;
  readonly #context: StreamEffectsContext;

  constructor(endpoint: Endpoint, context: StreamEffectsContext) {
    this.#endpoint = endpoint;
    this.#context = context;
  }

  run(scope: string, effect: ReplicationEffect): void {
    const endpoint = this.#endpoint;
    const context = this.#context;
    switch (effect.type) {
      case 'send':
        return this.#send(scope, effect);
      case 'diff':
        return endpoint.emit({ type: 'diff', scope, diff: effect.diff, cause: effect.cause });
      case 'flush':
        return context.flush();
      case 'discover':
        return context.ask(effect.peer.node);
      case 'synced':
        return this.#synced(scope, effect);
      case 'lag':
        return endpoint.emit({ ...effect, scope, peer: effect.peer.node });
      case 'replicated':
        return endpoint.emit(effect);
      case 'warn':
        return endpoint.warn(effect.reason, effect.message, scope);
      case 'count':
        return endpoint.count(effect.name, effect.by);
    }
  }

  #synced(scope: string, { peer, durationMs, first }: Extract<ReplicationEffect, { type: 'synced' }>): void {
    if (first) this.#endpoint.count('first-syncs');
    this.#endpoint.emit({ type: 'synced', scope, peer: peer.node, durationMs });
  }

  #send(scope: string, { to, kind, body }: Extract<ReplicationEffect, { type: 'send' }>): void {
    const endpoint = this.#endpoint;
    const context = this.#context;
    this.#writer.reset();
    this.#writer.string(scope);
    this.#writer.raw(body);
    const whole = this.#writer.view();
    if (to === undefined) endpoint.send(endpoint.subjects.ops(scope), endpoint.frame('ops', whole));
    else endpoint.tell(to.node, kind, whole, context.peers.get(to.incarnation)?.version);
  }
}
