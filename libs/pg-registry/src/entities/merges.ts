import type { QueuedMessage } from '../calls';
import { SharedTurns } from '../lifetime';
import { codeOfThrown, EntityElsewhereError, type Key, normalValue, type Pid, type Value } from '../term';
import type { EntitiesDeps } from './entities-deps';
import type { EntityHost } from './entity-host';
import { type EntityLifecycle, nameOf } from './entity-options';
import type { HostedType, Life } from './hosted-type';
import { type Directory, ENTITIES_SCOPE, MOVING } from './hosts';
import { Outcomes } from './memory/outcomes';
import { isBetter } from './placement';

const ASK_MS = 5000;
/** So often a state is sent; the node of the other entity is a peer all the time, or nobody is asked any more. */
const MOST_SENDS = 20;
/** Merges of each peer that are remembered, in case it did not get the answer. */
const MOST_MERGES = 10_000;
/** So many entities begin to give way, or end after that, in a turn of the event loop at most: a peer can name thousands in one frame, and answer for as many. */
const WAYS_PER_TURN = 50;
const BITS_32 = 2 ** 32;

/** What the host of an entity that lost its place sends. */
export interface MergeRequest {
  readonly type: string;
  readonly key: Key;
  /** Names this merge, so that it is made once however often it is asked for. */
  readonly mergeId: string;
  readonly state: Value;
}

/**
 * Two entities of one key live after a split: the one with the better place stays. The other one ends, and its state goes to `onMerge` of
 * the first, again and again with the same number until that has run.
 */
export class Merges {
  readonly #deps: EntitiesDeps;
  readonly #directory: Directory;
  readonly #host: EntityHost;
  readonly #merged = new Outcomes<Promise<boolean>>(MOST_MERGES);
  readonly #turns: SharedTurns;
  /** What waits until it is its turn to look at others, each life once, however often others are seen. */
  readonly #waiting = new Set<Life>();

  constructor(deps: EntitiesDeps, directory: Directory, host: EntityHost) {
    this.#deps = deps;
    this.#directory = directory;
    this.#host = host;
    this.#turns = new SharedTurns({
      timers: deps.timers,
      mostPerTurn: WAYS_PER_TURN,
      onError: (error) => deps.onWarning('entity-merge', 'An entity did not give way in its turn', error),
    });
  }

  /** Another entity of the key of a living one of this node was seen. Never rejects. */
  async met(hosted: HostedType, life: Life, other: Pid): Promise<void> {
    // With a lease, the entry of the other one is only late.
    if (hosted.type.guard === 'lease') return;
    if (this.#turns.take()) await this.#meet(hosted, life, other);
    else this.#meetLater(hosted, life, other);
  }

  /** Has a living entity merge a state; once for one number of one sender. @returns Whether it has a use for it. */
  merge(life: Life, sender: Pid, { mergeId, state }: MergeRequest): Promise<boolean> {
    const isPeer = this.#deps.availability(sender) !== 'unknown';
    const merge = async (): Promise<boolean> => (await this.#host.merge(life, state)) === true;
    return this.#merged.remember(sender.incarnation, isPeer, mergeId, merge);
  }

  /** Returns what became of a state that a sender has sent before, if that is remembered. */
  outcomeOf(sender: Pid, { mergeId }: MergeRequest): Promise<boolean> | undefined {
    return this.#merged.known(sender.incarnation, mergeId);
  }

  /** A node is gone. */
  nodeLost(incarnation: string): void {
    this.#merged.peerLost(incarnation);
  }

  /** Never rejects. */
  async #meet(hosted: HostedType, life: Life, other: Pid): Promise<void> {
    const { process } = life;
    if (!mustGiveWay(hosted, life, other)) return;
    // It may go on living: a move that nobody takes is no end.
    await life.closing;
    if (!process.alive || life.closing !== undefined) return;
    if (!this.#directory.isStaying(hosted.type.name, life.key, other)) return;
    const merged = this.#giveWay(hosted, life, other).catch((error: unknown) =>
      this.#deps.onWarning('entity-merge', `${process.pid} could not give way`, error),
    );
    life.closing = merged;
    await merged;
  }

  /** The same in a later turn, with one that lives then: the one that was seen, or a further one. */
  #meetLater(hosted: HostedType, life: Life, { node }: Pid): void {
    if (this.#waiting.has(life)) return;
    this.#waiting.add(life);
    this.#turns.later(node, () => {
      this.#waiting.delete(life);
      if (!life.process.alive) return;
      const { name } = hosted.type;
      const other = this.#directory
        .living(name, life.key)
        .find((pid) => mustGiveWay(hosted, life, pid) && this.#directory.isStaying(name, life.key, pid));
      if (other === undefined) return;
      void this.#meet(hosted, life, other);
    });
  }

  async #giveWay(hosted: HostedType, life: Life, other: Pid): Promise<void> {
    const { name } = hosted.type;
    const { key, process } = life;
    const entity = nameOf({ type: name, key });
    await life.started;
    if (!process.alive) return;
    let state: Value | undefined;
    const beforeExit = async (instance: object): Promise<void> => {
      const { limits, pids } = this.#deps;
      const handed = await (instance as EntityLifecycle).onHandOver?.();
      if (handed !== undefined) state = normalValue(handed, limits, pids);
    };
    try {
      await this.#deps.service.closeProcess(process, 'duplicate', { beforeExit });
    } catch (error) {
      this.#deps.onWarning('entity-state', `The state of ${entity} is not merged`, error);
    }
    if (!process.alive) return;
    this.#deps.scope(ENTITIES_SCOPE).updateValue([name, key], MOVING, process.pid);
    const forward = (queued: QueuedMessage): void =>
      this.#host.refuse(queued, new EntityElsewhereError(`${entity} lives at ${other}.`, { pid: other }));
    life.mailbox.divert(forward);
    if (state !== undefined) {
      await this.#send(hosted, life, other, state);
      // Its node may answer for all at once.
      if (!this.#turns.take()) await new Promise<void>((resolve) => this.#turns.later(other.node, resolve));
    }
    this.#host.release(hosted, life, 'duplicate', forward);
  }

  async #send({ type, counts }: HostedType, { key }: Life, other: Pid, state: Value): Promise<void> {
    const { name } = type;
    const { random, calls, onWarning } = this.#deps;
    const mergeId = [random(), random()].map((part) => Math.floor(part * BITS_32).toString(16)).join('-');
    const request: MergeRequest = { type: name, key, mergeId, state };
    let failure: unknown;
    let to = other;
    for (let sends = 0; sends < MOST_SENDS; sends += 1) {
      const host = this.#directory.hostAt(name, to);
      if (host === undefined) break;
      try {
        // oxlint-disable-next-line no-await-in-loop
        const merged = await calls.outgoing.call(host.pid, 'merge', request, { timeoutMs: ASK_MS });
        counts.merges[merged === true ? 'merged' : 'dropped'] += 1;
        if (merged !== true)
          onWarning(
            'entity-merge',
            `${nameOf({ type: name, key })} has no onMerge: the state of the other one was dropped.`,
          );
        return;
      } catch (error) {
        failure = error;
        const moved = error instanceof EntityElsewhereError ? error.pid : undefined;
        if (moved !== undefined && !this.#deps.processes.isLocal(moved)) {
          to = moved;
          continue;
        }
        const code = codeOfThrown(error);
        if (code !== 'CALL_TIMEOUT' && code !== 'TRANSPORT') break;
      }
    }
    counts.merges.lost += 1;
    onWarning(
      'entity-merge',
      `The state of ${nameOf({ type: name, key })} could not be merged and is lost`,
      failure,
    );
  }
}

/** Whether an entity is the one that ends, because another one has the better place and does not come from it. */
function mustGiveWay({ type: { name } }: HostedType, { key, from, process }: Life, other: Pid): boolean {
  return other !== from && !isBetter(name, key, process.pid, other);
}
