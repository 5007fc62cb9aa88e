import type { EntityAddress } from '../calls';
import { EntityElsewhereError, EntityUnavailableError, type Key, type Pid, quoteText } from '../term';
import type { EntitiesDeps } from './entities-deps';
import { nameOf } from './entity-options';
import type { HostedType } from './hosted-type';
import type { Directory } from './hosts';

/** A call that was sent on so often is taken where it is. */
const MANY_HOPS = 3;

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
    const { type, key } = entity;
    const { processes, availability, directory } = this.#deps;
    if (this.#deps.isLeaving(hosted)) return this.leaving(entity);
    const [other] = directory
      .living(type, key)
      .filter((pid) => !processes.isLocal(pid) && availability(pid) !== 'unknown');
    if (other !== undefined) return this.elsewhere(entity, other, 'knows that it lives');
    const refusal = this.ofType(hosted, key);
    if (refusal !== undefined) return refusal;
    const candidates = directory.candidates(type, key);
    const rank = candidates.findIndex(({ pid }) => processes.isLocal(pid));
    if (hosted.isFull || rank === -1) return this.elsewhere(entity, undefined, 'takes no more of the type');
    if (rank <= entity.passed || entity.hops >= MANY_HOPS) return undefined;
    return this.elsewhere(entity, candidates[entity.passed]?.pid, 'is not the place');
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

  /** This node starts nothing more. */
  leaving(entity: Pick<EntityAddress, 'type' | 'key'>): EntityElsewhereError {
    return this.elsewhere(entity, undefined, 'is about to leave');
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
    if (!(error instanceof EntityElsewhereError) || hops > MANY_HOPS) return undefined;
    const { directory, host } = this.#deps;
    const others = directory.candidates(type, key).filter(({ pid }) => pid !== host);
    return error.pid ?? others[Math.min(passed, others.length - 1)]?.pid;
  }
}
