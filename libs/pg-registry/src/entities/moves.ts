import type { QueuedMessage } from '../calls';
import { SharedTurns, withTimeout } from '../lifetime';
import {
  codeOfThrown,
  EntityElsewhereError,
  isPid,
  type Key,
  normalValue,
  type Pid,
  type Value,
} from '../term';
import type { EntitiesDeps } from './entities-deps';
import type { EntityHost } from './entity-host';
import { type EntityLifecycle, nameOf } from './entity-options';
import type { HostedType, Life } from './hosted-type';
import type { Host } from './host';
import { type Directory, ENTITIES_SCOPE, MOVING } from './hosts';

/** How long a host waits for the word of another one, in milliseconds. */
const PREPARE_MS = 5000;
/** So many hosts are asked to take an entity before it ends without a move. */
const MOST_TARGETS = 3;
/** So often a state is sent, always to the same host and with the same number. */
const MOST_SENDS = 5;
/** So many entities that move are closed, are said to be elsewhere, or end in a turn of the event loop: their target may answer for a thousand in one frame. */
const MOVES_PER_TURN = 50;
/** So many entities are moved at a time by a node that leaves. */
const AT_A_TIME = 64;
/** How long a node that leaves waits for its peers to know that its entities are gone, in milliseconds. */
const GONE_MS = 2000;
/** Why an entity ends that its node could not give away. */
const SHUTDOWN = 'shutdown';
/** Why one ends that was sent to another node. */
const MOVED = 'moved';
const BITS_32 = 2 ** 32;

/** An entity of this node. */
interface Living {
  readonly hosted: HostedType;
  readonly life: Life;
}

/** A state that travels. */
interface PackedState {
  readonly hasState: boolean;
  readonly state: Value;
}

const NO_STATE: PackedState = { hasState: false, state: null };

/**
 * Gives living entities of this node to others, each in five steps:
 *
 *     1. prepare    the target parks calls to the key
 *     2. close      the entity's last handler, onHandOver, onProcessExit; calls wait here; its lease is given back, for the target only
 *     3. receive    the state goes to that target, again and again with the same number until it says that the entity has started there
 *     4. forward    what waits here is told where the entity is; casts are sent on
 *     5. settle     once every node knows the new entry, the old one leaves
 *
 * From the first `receive` on the entity never lives here again under this process: the target may have it.
 */
export class Moves {
  readonly #deps: EntitiesDeps;
  readonly #directory: Directory;
  readonly #host: EntityHost;
  readonly #turns: SharedTurns;

  constructor(deps: EntitiesDeps, directory: Directory, host: EntityHost) {
    this.#deps = deps;
    this.#directory = directory;
    this.#host = host;
    this.#turns = new SharedTurns({
      timers: deps.timers,
      mostPerTurn: MOVES_PER_TURN,
      onError: (error) => deps.onWarning('entity-move', 'An entity did not move in its turn', error),
    });
  }

  /**
   * Moves an entity; ends it if no host takes it and the node drains. Never rejects.
   *
   * @param to The host that gets it. Default: the best ones, one after the other.
   * @param settle Called with the host that has it, before the old entry leaves; resolves when every node knows the new one.
   * @param onSent Called when the host has it, and only the old entry is left to leave.
   * @returns Whether it is there.
   */
  async move(
    hosted: HostedType,
    life: Life,
    to: Host | undefined,
    settle: (host: Host) => Promise<unknown>,
    onSent?: () => void,
  ): Promise<boolean> {
    if (life.closing !== undefined) return life.closing.then(() => false);
    const moved = this.#move(hosted, life, to, settle, onSent).catch((error: unknown) => {
      this.#deps.onWarning('entity-move', `The move of ${life.process.pid} failed`, error);
      return false;
    });
    life.closing = moved.then(() => undefined);
    return await moved;
  }

  /**
   * Gives all entities of this node away, because it leaves; ends those that nobody takes. Never rejects.
   *
   * @param timeoutMs What is not over then starts afresh when it is called.
   * @param settle Resolves when every node knows what a host has.
   */
  async leave(timeoutMs: number, settle: (host: Host) => Promise<unknown>): Promise<void> {
    const host = this.#host;
    const lives = [...host.types.values()].flatMap((hosted) =>
      [...hosted.lives.values()].map((life) => ({ hosted, life })),
    );
    // Race: what ended right before is still called by those that do not know it yet.
    if (lives.length === 0) return await this.#gone(Math.min(GONE_MS, timeoutMs));
    const inTime = await withTimeout(this.#leaveAll(lives, settle), timeoutMs, this.#deps.timers);
    if (!inTime) await host.endLeased(SHUTDOWN);
    await this.#gone(Math.min(GONE_MS, timeoutMs));
    const { length: left } = lives.filter(({ life }) => isLeft(life));
    if (left === 0) return;
    const what = inTime ? 'ended here: no node took them' : `were not handed over within ${timeoutMs} ms`;
    this.#deps.onWarning(
      'entity-drain',
      `${left} of ${lives.length} entities ${what}; they start afresh when they are called.`,
    );
  }

  async #leaveAll(lives: readonly Living[], settle: (host: Host) => Promise<unknown>): Promise<void> {
    const asked = new Map<string, Promise<unknown>>();
    const settled = (target: Host): Promise<unknown> => this.#settleOnce(asked, target, settle);
    const gone: Promise<void>[] = [];
    const leave = async ({ hosted, life }: Living, sent: () => void): Promise<void> => {
      if (!(await this.move(hosted, life, undefined, settled, sent)))
        await this.#host.end(hosted, life, SHUTDOWN);
      sent();
    };
    // The next one need not wait until every node knows where this one is.
    await inParallel(lives, (each) => new Promise<void>((sent) => gone.push(leave(each, sent))));
    await Promise.all(gone);
  }

  /**
   * Calls that are on their way to what lived here must arrive while this node can still say where it is: every peer has to know that it is gone. Who
   * knows of its new place may know, too, that it is about to leave there.
   */
  async #gone(timeoutMs: number): Promise<void> {
    try {
      await this.#deps.scope(ENTITIES_SCOPE).replicated({ timeoutMs });
    } catch {
      // Those that do not know it find nobody here, and their calls fail.
    }
  }

  /** One question for all entities that have gone to a host by now. */
  #settleOnce(
    asked: Map<string, Promise<unknown>>,
    target: Host,
    settle: (host: Host) => Promise<unknown>,
  ): Promise<unknown> {
    const { node } = target;
    let answer = asked.get(node);
    if (answer === undefined) {
      // Those that join a question must have arrived before it leaves.
      const turn = new Promise<void>((resolve) => this.#deps.timers.afterTurn(resolve));
      answer = turn.then(() => (asked.delete(node), settle(target)));
      asked.set(node, answer);
    }
    return answer;
  }

  async #move(
    hosted: HostedType,
    life: Life,
    to: Host | undefined,
    settle: (host: Host) => Promise<unknown>,
    onSent?: () => void,
  ): Promise<boolean> {
    const moveId = this.#number();
    await life.started;
    if (!life.process.alive) return false;
    const target = await this.#prepare(hosted, life, to, moveId);
    await this.#turn(target);
    if (!life.process.alive) return false;
    if (target === undefined) {
      hosted.counts.moves.refused += 1;
      if (this.#host.isOpen) life.closing = undefined;
      else await this.#endHere(hosted, life);
      return false;
    }
    const packed = await this.#close(hosted, life);
    await this.#host.free(life, target.pid.incarnation);
    if (!life.process.alive) return false;
    this.#deps.scope(ENTITIES_SCOPE).updateValue([hosted.type.name, life.key], MOVING, life.process.pid);
    const pid = await this.#send(hosted, life, target, moveId, packed);
    await this.#turn(target);
    hosted.counts.moves[pid === undefined ? 'failed' : packed.hasState ? 'done' : 'without-state'] += 1;
    const forward = (queued: QueuedMessage): void =>
      this.#host.refuse(
        queued,
        new EntityElsewhereError(`The entity has moved to ${pid ?? target.pid}.`, { pid: pid ?? target.pid }),
      );
    life.mailbox.divert(forward);
    life.isAway = pid !== undefined;
    onSent?.();
    if (pid !== undefined) await settle(target).catch(() => undefined);
    await this.#turn(target);
    hosted.leftFor(life.key, target.pid, this.#deps.timers.now());
    this.#host.release(hosted, life, MOVED, forward);
    return pid !== undefined;
  }

  /** Resolves when the turn of the event loop has room for a further step of a move. */
  async #turn(target: Host | undefined): Promise<void> {
    const { node } = target ?? this.#host.process.pid;
    if (!this.#turns.take()) await new Promise<void>((resolve) => this.#turns.later(node, resolve));
  }

  async #endHere(hosted: HostedType, life: Life): Promise<void> {
    await this.#deps.service.closeProcess(life.process, SHUTDOWN);
    await this.#host.free(life);
    if (life.process.alive) this.#host.release(hosted, life, SHUTDOWN);
  }

  async #prepare(
    hosted: HostedType,
    { key, process }: Life,
    to: Host | undefined,
    moveId: string,
  ): Promise<Host | undefined> {
    const { name } = hosted.type;
    for (const target of to === undefined ? this.#targets(hosted, key) : [to]) {
      const request = { type: name, key, moveId, from: process.pid };
      try {
        // One after the other: the next is only asked when the last does not take it.
        // oxlint-disable-next-line no-await-in-loop
        await this.#ask(target, 'prepare', request);
        return target;
      } catch (error) {
        this.#deps.onWarning(
          'entity-move',
          `${target.pid} did not take ${nameOf({ type: name, key })}`,
          error,
        );
      }
    }
    return undefined;
  }

  /** Who may take an entity from a node that leaves, the best first. */
  #targets(hosted: HostedType, key: Key): readonly Host[] {
    const place = this.#host.refusals.placeOf(hosted, key);
    const candidates = this.#directory.candidates(hosted.type.name, key);
    const others = candidates.filter(({ pid }) => pid !== place?.pid);
    const targets = place === undefined ? others : [place, ...others];
    return targets.filter(({ pid }) => pid !== this.#host.process.pid).slice(0, MOST_TARGETS);
  }

  async #close({ type: { name } }: HostedType, { key, process }: Life): Promise<PackedState> {
    let packed = NO_STATE;
    const beforeExit = async (instance: object): Promise<void> => {
      const state = await (instance as EntityLifecycle).onHandOver?.();
      const { limits, pids } = this.#deps;
      if (state !== undefined) packed = { hasState: true, state: normalValue(state, limits, pids) };
    };
    try {
      await this.#deps.service.closeProcess(process, MOVED, { beforeExit });
    } catch (error) {
      this.#deps.onWarning(
        'entity-state',
        `The state of ${nameOf({ type: name, key })} is not handed over, and it moves without it`,
        error,
      );
    }
    return packed;
  }

  /** Sends the state until the target has it. @returns The process there; undefined if it cannot be known. */
  async #send(
    { type: { name, stateVersion } }: HostedType,
    { key, process }: Life,
    target: Host,
    moveId: string,
    packed: PackedState,
  ): Promise<Pid | undefined> {
    let sent = packed;
    let failure: unknown;
    for (let sends = 0; sends < MOST_SENDS; sends += 1) {
      try {
        const request = { type: name, key, moveId, from: process.pid, stateVersion, ...sent };
        // oxlint-disable-next-line no-await-in-loop
        const pid = await this.#ask(target, 'receive', request);
        // Whatever it says, what it took is on its node.
        return isPid(pid) && pid.incarnation === target.pid.incarnation ? pid : undefined;
      } catch (error) {
        failure = error;
        const code = codeOfThrown(error);
        if (code === 'VALUE_TOO_LARGE' && sent.hasState) {
          sent = NO_STATE;
          this.#deps.onWarning(
            'entity-state',
            `The state of ${nameOf({ type: name, key })} is too large to hand over, and it moves without it`,
            error,
          );
        } else if (code !== 'CALL_TIMEOUT' && code !== 'TRANSPORT') break;
      }
    }
    this.#deps.onWarning(
      'entity-move',
      `The move of ${nameOf({ type: name, key })} to ${target.pid} failed; it starts afresh when it is called`,
      failure,
    );
    return undefined;
  }

  #ask(target: Host, name: string, request: unknown): Promise<Value> {
    return this.#deps.calls.outgoing.call(target.pid, name, request, { timeoutMs: PREPARE_MS });
  }

  #number(): string {
    const { random } = this.#deps;
    return [random(), random()].map((part) => Math.floor(part * BITS_32).toString(16)).join('-');
  }
}

/** Whether an entity of a node that leaves starts afresh although it did not end by itself. */
function isLeft({ isAway, process: { alive, reason } }: Life): boolean {
  return !isAway && (alive || reason === SHUTDOWN || reason === MOVED);
}

/** Runs a task for each item, not more than so many at a time. */
async function inParallel<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop
    for (const item of rest) await task(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, items.length) }, worker));
}
