import { type Handler, HandlerTable } from '../calls';
import {
  EntityUnavailableError,
  InvalidArgumentError,
  type Key,
  type Pid,
  quoteText,
  type Value,
} from '../term';
import type { Announcement, Arrivals } from './arrivals';
import type { EntitiesDeps } from './entities-deps';
import type { EntityHost } from './entity-host';
import { HostMessages } from './host-messages';
import type { HostedType, Life } from './hosted-type';
import type { Host } from './host';
import { type Directory, ENTITIES_SCOPE, namesOf } from './hosts';
import type { Merges } from './merges';
import type { Moves } from './moves';
import { Settling } from './settling';

/** How long a host waits for its peers to know its entries, in milliseconds. */
export const SETTLE_MS = 5000;

/** What answers other hosts, and does the orders of operators. */
export interface HostHandlersDeps extends Pick<EntitiesDeps, 'limits' | 'pids' | 'scope' | 'timers'> {
  readonly directory: Directory;
  readonly host: EntityHost;
  readonly arrivals: Arrivals;
  readonly merges: Merges;
  readonly moves: Moves;
  /** Resolves when every peer knows what has gone to a host. */
  readonly settle: (target: Host) => Promise<unknown>;
}

/** An entity of a host, as far as it lives. */
interface Here {
  readonly hosted: HostedType | undefined;
  readonly life: Life | undefined;
  readonly key: Key;
}

/** Finds an entity that a message is about. */
export function livingHere(
  host: EntityHost,
  { type, key }: { readonly type: string; readonly key: Key },
): Here {
  const hosted = host.types.get(type);
  return { hosted, life: hosted?.lives.get(key), key };
}

/** Makes the handlers of a host's process; what they get and return is in {@link HostMessages}. */
export function hostHandlers(deps: HostHandlersDeps): HandlerTable {
  const { host, arrivals, merges, limits, pids, scope, timers } = deps;
  const read = new HostMessages(limits, pids);
  const settling = new Settling({
    timers,
    replicated: () => scope(ENTITIES_SCOPE).replicated({ timeoutMs: SETTLE_MS }),
  });
  const here = (message: Value): Here => livingHere(host, read.address(message));
  const calls = new Map<string, Handler>([
    [
      'known',
      (message) => {
        const { hosted, life, key } = here(message);
        return life?.process.pid ?? (hosted?.parked.has(key) === true ? host.process.pid : null);
      },
    ],
    ['prepare', (message, { caller }) => (arrivals.prepare(own(read.announcement(message), caller)), null)],
    ['receive', (message, { caller }) => arrivals.receive(own(read.delivery(message), caller))],
    ['settle', () => settling.settled()],
    [
      'merge',
      async (message, { caller }) => {
        const request = read.merge(message);
        // Race: the answer was lost, and the entity has moved. Sent on to its new node, the state would be merged twice.
        const known = merges.outcomeOf(caller, request);
        if (known !== undefined) return await known;
        const { hosted, life, key } = here(message);
        if (hosted?.type.guard !== 'view')
          throw new InvalidArgumentError('This node does not offer the type with guard view.');
        // Race: it may be about to end. Then its next life merges the state.
        await life?.closing;
        const present = hosted.lives.get(key) ?? startToMerge(deps, hosted, key, caller);
        return await merges.merge(present, caller, request);
      },
    ],
  ]);
  return new HandlerTable('The host of entities', { calls });
}

/** A peer gives away what is its own. @throws InvalidArgumentError */
function own<A extends Announcement>(announcement: A, { incarnation }: Pid): A {
  if (announcement.from.incarnation === incarnation) return announcement;
  throw new InvalidArgumentError('A node can give away only entities of its own. Nothing was done.');
}

/**
 * The entity that is to merge a state has ended.
 *
 * @param sender What gives way, and has an entry until then.
 * @throws EntityElsewhereError if it has moved: its new host gets the state; EntityUnavailableError: then the state is lost.
 */
function startToMerge(
  { host, directory }: HostHandlersDeps,
  hosted: HostedType,
  key: Key,
  sender: Pid,
): Life {
  const { refusals } = host;
  const { name: type } = hosted.type;
  const refusal = refusals.ofType(hosted, key);
  if (refusal !== undefined) throw refusal;
  const other = directory.otherThan(host.process.pid, type, key);
  if (other !== undefined && other.incarnation !== sender.incarnation)
    throw refusals.elsewhere({ type, key }, other, 'knows that it lives');
  if (host.isOpen && !hosted.isFull) return host.start(hosted, key, { cause: 'call' });
  throw new EntityUnavailableError('This node takes no more entities of the type. Nothing was merged.');
}

/**
 * Returns the host of a type on a node.
 *
 * @throws InvalidArgumentError naming the nodes that offer it.
 */
export function hostOn(directory: Directory, type: string, node: string): Host {
  const offers = directory.offers(type);
  const found = offers.find((host) => host.node === node);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(
    `Node ${quoteText(node)} does not offer ${quoteText(type)}. Nodes that do: ${namesOf(offers)}. Nothing was moved.`,
  );
}
