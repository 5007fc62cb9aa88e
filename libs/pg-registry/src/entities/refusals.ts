import type { EntityAddress } from '../calls';
import {
  describeValue,
  EntityElsewhereError,
  EntityUnavailableError,
  type Key,
  messageOfThrown,
  type Pid,
  quoteText,
} from '../term';
import type { EntitiesDeps } from './entities-deps';
import { nameOf } from './entity-options';
import type { HostedType } from './hosted-type';
import type { EntityPlacement, Host } from './host';
import type { Directory } from './hosts';

/** A cast is sent on so often at most. */
const MOST_HOPS = 4;

/** What {@link Refusals} knows of its host. */
export interface RefusalsDeps extends Pick<EntitiesDeps, 'processes' | 'availability' | 'timers'> {
  readonly directory: Directory;
  /** The process of the host. */
  readonly host: Pid;
  /** Whether no more entities of a type are started, because the node is about to leave. */
  readonly isLeaving: (hosted: HostedType) => boolean;
}

/** Says why an entity is not started on this node, and who is to be asked instead. */
export class Refusals {
  readonly #deps: RefusalsDeps;

  constructor(deps: RefusalsDeps) {
    this.#deps = deps;
  }

  /** Why an entity that is called is not started here; undefined if it is. O(hosts of the type). */
  of(hosted: HostedType, entity: EntityAddress): Error | undefined {
    return this.#ofState(hosted, entity) ?? this.#ofPlace(hosted, entity);
  }

  /** The same for one that has waited for its start here: the node has kept room for it. */
  afterWait(hosted: HostedType, entity: EntityAddress): Error | undefined {
    const candidates = this.#deps.directory.candidates(entity.type, entity.key);
    return this.#ofState(hosted, entity) ?? this.#ofHash(hosted, entity, candidates);
  }

  #ofState(hosted: HostedType, entity: EntityAddress): Error | undefined {
    if (this.#deps.isLeaving(hosted)) return this.leaving(entity);
    const other = this.#elsewhere(entity).find((pid) => !hosted.hasComeFrom(entity.key, pid));
    if (other !== undefined) return this.elsewhere(entity, other, 'knows that it lives');
    return this.ofType(hosted, entity.key);
  }

  /** Where it lives on other nodes of the cluster. */
  #elsewhere({ type, key }: Pick<EntityAddress, 'type' | 'key'>): readonly Pid[] {
    const { processes, availability, directory } = this.#deps;
    const living = directory.living(type, key);
    return living.filter((pid) => !processes.isLocal(pid) && availability(pid) !== 'unknown');
  }

  #ofPlace(hosted: HostedType, entity: EntityAddress): Error | undefined {
    const { type, key } = entity;
    const { processes, directory } = this.#deps;
    const candidates = directory.candidates(type, key);
    const rank = candidates.findIndex(({ pid }) => processes.isLocal(pid));
    const { placement } = hosted.type;
    if (typeof placement === 'function' && entity.hops === 0) {
      const place = this.#chosen(placement, entity, candidates);
      if (place instanceof Error) return place;
      if (!processes.isLocal(place.pid)) return this.elsewhere(entity, place.pid, 'is not the place');
    }
    if (hosted.isFull || rank === -1) return this.elsewhere(entity, undefined, 'takes no more of the type');
    return this.#ofHash(hosted, entity, candidates);
  }

  #ofHash(
    { type: { placement } }: HostedType,
    entity: EntityAddress,
    candidates: readonly Host[],
  ): EntityElsewhereError | undefined {
    // Whoever chose this node did so once; the lease decides between two. And the node from which it came sends all calls here for a while.
    if (placement !== 'hash' || this.#elsewhere(entity).length > 0) return undefined;
    const rank = candidates.findIndex(({ pid }) => this.#deps.processes.isLocal(pid));
    if (rank <= entity.passed) return undefined;
    return this.elsewhere(entity, candidates[entity.passed]?.pid, 'is not the place');
  }

  /** The host at which an entity is to be, as far as its type says so; undefined if any will do, or if that cannot be told. */
  placeOf({ type: { name, placement } }: HostedType, key: Key): Host | undefined {
    if (placement === 'local') return undefined;
    const candidates = this.#deps.directory.candidates(name, key);
    if (placement === 'hash') return candidates[0];
    const place = this.#chosen(placement, { type: name, key }, candidates);
    return place instanceof Error ? undefined : place;
  }

  #chosen(
    placement: EntityPlacement,
    entity: Pick<EntityAddress, 'type' | 'key'>,
    hosts: readonly Host[],
  ): Host | EntityUnavailableError {
    let node: unknown;
    try {
      node = placement(entity.key, hosts);
    } catch (error) {
      return new EntityUnavailableError(
        `The placement of ${nameOf(entity)} threw, and nothing was executed: ${messageOfThrown(error)}`,
      );
    }
    const nodes = hosts.map((host) => quoteText(host.node)).join(', ');
    return (
      hosts.find((host) => host.node === node) ??
      new EntityUnavailableError(
        `The placement of ${nameOf(entity)} returned ${describeValue(node)}; it must return the name of a node that can take it: ` +
          `${nodes || 'there is none'}. Nothing was executed.`,
      )
    );
  }

  /** Why nobody starts this entity at present: it fails again and again, or the hosts do not agree how it is guarded. */
  ofType({ type: { name, guard }, pauses }: HostedType, key: Key): EntityUnavailableError | undefined {
    const { timers, directory } = this.#deps;
    const entity = nameOf({ type: name, key });
    const pause = pauses.of(key, timers.now());
    if (pause !== undefined) {
      return new EntityUnavailableError(
        `The entity ${entity} failed to start ${pause.failures} times in a row, and nobody tries again for ` +
          `${Math.ceil(pause.until - timers.now())} ms. The last error: ${pause.why}. Nothing was executed.`,
      );
    }
    const other = directory.offers(name).find((host) => host.guard !== guard);
    if (other === undefined) return undefined;
    return new EntityUnavailableError(
      `The entity ${entity} is not started: node ${quoteText(this.#deps.host.node)} guards ${quoteText(name)} by '${guard}', and node ` +
        `${quoteText(other.node)} by '${other.guard}'. None is started until all nodes that offer it have the same. Nothing was executed.`,
    );
  }

  /**
   * This node starts nothing more.
   *
   * Race: it names the next host, because a call counts those that name none as hosts that are full. Nodes that know that this one leaves do not rank
   * it any more, and would take the place of a better one for it.
   */
  leaving(entity: Pick<EntityAddress, 'type' | 'key'>): EntityElsewhereError {
    const { directory, host } = this.#deps;
    const next = directory.candidates(entity.type, entity.key).find(({ pid }) => pid !== host);
    return this.elsewhere(entity, next?.pid, 'is about to leave');
  }

  /** @param pid Who is to be asked; undefined: the next host */
  elsewhere(
    entity: Pick<EntityAddress, 'type' | 'key'>,
    pid: Pid | undefined,
    why: string,
  ): EntityElsewhereError {
    const where = pid === undefined ? '' : `; ask ${pid}`;
    return new EntityElsewhereError(
      `The entity ${nameOf(entity)} is not on node ${quoteText(this.#deps.host.node)}, which ${why}${where}. Nothing was executed.`,
      { pid },
    );
  }

  /** Whom a cast is sent to that was refused with an error; undefined: nobody. */
  nextOf({ type, key, passed, hops }: EntityAddress, error: Error): Pid | undefined {
    if (!(error instanceof EntityElsewhereError) || hops >= MOST_HOPS) return undefined;
    const { directory, host } = this.#deps;
    const others = directory.candidates(type, key).filter(({ pid }) => pid !== host);
    return error.pid ?? others[Math.min(passed, others.length - 1)]?.pid;
  }
}
