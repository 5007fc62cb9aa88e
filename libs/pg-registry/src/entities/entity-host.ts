import { type EntityAddress, type Handlers, type Mailbox, type QueuedMessage, via } from '../calls';
import type { LocalProcess } from '../lifetime';
import {
  EntityElsewhereError,
  EntityUnavailableError,
  formatKey,
  InvalidArgumentError,
  isPid,
  type Key,
  messageOfThrown,
  type Pid,
  quoteText,
} from '../term';
import type { EntitiesDeps } from './entities-deps';
import { type EntityClass, entityTypeOf, type StartCause } from './entity-options';
import { entityHandlers, MERGE } from './entity-handlers';
import { type Directory, ENTITIES_SCOPE, HOSTS_SCOPE, offerOf } from './hosts';
import { HostedType, type Life } from './hosted-type';
import { IdleWatch } from './idle-watch';

/** How long a node that has begun to offer a type waits for the word of the node that had the place before. */
const ASK_MS = 2000;
/** A call that was sent on so often is taken where it is. */
const MANY_HOPS = 3;

/** How a life begins. */
export interface StartOf {
  readonly cause: StartCause;
  readonly state?: unknown;
  readonly from?: Pid;
}

/**
 * The entities of one node. Its process is what the node offers in the scope `pg.hosts`; messages to entities that do not live come to it, and
 * it starts the entity, lets the message wait, or says where it is to be asked.
 *
 *     nothing ── a call ──► starting ── onProcessStart ──► living ── idle, stop, move, duplicate, drain ──► closing ──► nothing
 *        ▲                     │ it throws: all waiting callers get the error
 *        └─────────────────────┘
 *
 * While an entity is closing, calls wait in its mailbox; then they begin its next life, or are told where that is.
 */
export class EntityHost {
  readonly process: LocalProcess;
  readonly types = new Map<string, HostedType>();
  readonly started: Record<string, number> = {};
  readonly ended: Record<string, number> = {};
  failedStarts = 0;
  /** Whether entities are started here: not any more once the node drains. */
  isOpen = true;
  readonly #deps: EntitiesDeps;
  readonly #directory: Directory;
  readonly #control: Mailbox;
  readonly #lives = new Map<LocalProcess, { readonly hosted: HostedType; readonly life: Life }>();
  readonly #idle: IdleWatch;

  constructor(deps: EntitiesDeps, directory: Directory) {
    const { processes, calls } = deps;
    this.#deps = deps;
    this.#directory = directory;
    this.process = processes.spawn('pg.entities');
    this.#idle = new IdleWatch(deps.timers, (hosted, life) => void this.end(hosted, life, 'idle'));
    this.#control = calls.mailboxes.detached(this.process);
    const mailbox = calls.mailboxes.mount(this.process);
    mailbox.divert((queued) => this.take(queued));
    calls.mailboxes.useEntities(mailbox);
    processes.onExit((process) => this.#ended(process));
  }

  /** Sets, once, what handles the messages of other hosts. */
  open(handlers: Handlers): void {
    this.#control.open(handlers);
  }

  /** @throws InvalidArgumentError if the class is no entity type, or another class has its name. */
  mount(entityClass: EntityClass): HostedType {
    const type = entityTypeOf(entityClass);
    if (type === undefined)
      throw new InvalidArgumentError(`${entityClass.name} has no @Entity('type'). It was not mounted.`);
    const other = this.types.get(type.name);
    if (other !== undefined && other.class !== entityClass) {
      throw new InvalidArgumentError(
        `The classes ${other.class.name} and ${entityClass.name} are both @Entity(${quoteText(type.name)}). Give each a name of its own.`,
      );
    }
    const hosted = other ?? new HostedType(type, entityClass);
    if (other === undefined) {
      this.types.set(type.name, hosted);
      this.#idle.watch(hosted);
    }
    return hosted;
  }

  /** Offers every type to all nodes, because this one knows now what lives elsewhere. */
  offer(): void {
    const scope = this.#deps.scope(HOSTS_SCOPE);
    for (const hosted of this.types.values()) {
      if (hosted.offeredAt !== Infinity || !this.isOpen) continue;
      scope.join(hosted.type.name, this.process.pid, offerOf({ ...hosted.type, full: hosted.full }));
      hosted.offeredAt = this.#deps.timers.now();
    }
  }

  /** Takes a message for an entity, or of another host. Never throws: others may wait behind it. */
  take(queued: QueuedMessage): void {
    try {
      this.#take(queued);
    } catch (error) {
      queued.settle({ type: 'error', error, executed: false });
    }
  }

  #take(queued: QueuedMessage): void {
    const { entity } = queued.message;
    if (entity === undefined) return this.#control.take(queued);
    const hosted = this.types.get(entity.type);
    if (hosted === undefined)
      return this.refuse(queued, this.#elsewhere(entity, undefined, 'does not offer it'));
    const waiting = hosted.lives.get(entity.key)?.mailbox ?? hosted.parked.get(entity.key);
    if (waiting !== undefined) return waiting.take(queued);
    const refusal = this.#refusal(hosted, entity);
    if (refusal !== undefined) return this.refuse(queued, refusal);
    const before = this.#placeBefore(hosted, entity.key);
    if (before !== undefined) return this.#askFirst(hosted, entity, before, queued);
    this.#startOrTake(hosted, entity.key, queued);
  }

  /** Starts an entity. @throws What is wrong before there is a process. */
  start(hosted: HostedType, key: Key, { cause, state, from }: StartOf): Life {
    const { service } = this.#deps;
    const { type } = hosted;
    const { process, mailbox, started } = service.begin(
      hosted.class,
      { via: via(ENTITIES_SCOPE, [type.name, key]), args: { key, state, cause } },
      {
        isReentrant: type.reentrant,
        handlersOf: (created) =>
          entityHandlers(created, {
            host: this.process.pid,
            onError: type.onError === 'stay' ? undefined : () => this.#endAfterError(hosted, key),
          }),
        onFailed: (error) => this.#startFailed(hosted, key, error),
      },
    );
    const life: Life = {
      key,
      cause,
      process,
      mailbox,
      from,
      started: started.then(
        () => hosted.pauses.started(key),
        () => undefined,
      ),
      closing: undefined,
      handled: 0,
      quietSince: Infinity,
    };
    hosted.lives.set(key, life);
    this.#lives.set(process, { hosted, life });
    this.started[cause] = (this.started[cause] ?? 0) + 1;
    this.#tellFull(hosted);
    return life;
  }

  /** Ends an entity in order. What comes meanwhile begins its next life. Never rejects. */
  async end(hosted: HostedType, life: Life, reason: unknown): Promise<void> {
    life.closing ??= this.#end(hosted, life, reason).catch((error: unknown) =>
      this.#deps.onWarning('entity-end', `The end of ${life.process.pid} failed`, error),
    );
    await life.closing;
  }

  /** Ends the process of an entity that is closed, and hands on what waits for it. */
  release(
    hosted: HostedType,
    { key, mailbox, process }: Life,
    reason: unknown,
    then = this.#takeAgain,
  ): void {
    const waiting: QueuedMessage[] = [];
    mailbox.divert((queued) => waiting.push(queued));
    hosted.lives.delete(key);
    process.exit(reason);
    mailbox.divert(then);
    for (const queued of waiting) then(queued);
  }

  /** Says where a message is to be sent instead. A cast is sent there, because nobody waits to hear it. */
  refuse(queued: QueuedMessage, error: Error): void {
    const { message } = queued;
    if (message.kind === 'call') return queued.settle({ type: 'error', error, executed: false });
    queued.settle({ type: 'result', value: undefined });
    const { entity } = message;
    const to = entity && this.#nextOf(entity, error);
    if (entity === undefined || to === undefined || entity.hops > MANY_HOPS)
      return this.#deps.onWarning('entity-cast', `A cast was dropped: ${error.message}`);
    const passed = error instanceof EntityElsewhereError && error.pid === undefined ? 1 : 0;
    const next = { ...entity, hops: entity.hops + 1, passed: entity.passed + passed };
    this.#deps.calls.outgoing.forward(to, { ...message, caller: this.process.pid, entity: next });
  }

  /** Has an entity of this node merge the state of another one, when its turn comes. */
  merge({ process }: Life, state: unknown): Promise<unknown> {
    return this.#deps.calls.outgoing.call(process.pid, MERGE, state, { timeoutMs: Infinity });
  }

  /** Passes time for idle entities only, for tests, and ends those that have become idle. */
  passIdleTime(ms: number): void {
    this.#idle.pass(ms, this.types.values());
  }

  /** A field, because it is passed on as a function. */
  readonly #takeAgain = (queued: QueuedMessage): void => this.take(queued);

  async #end(hosted: HostedType, life: Life, reason: unknown): Promise<void> {
    await life.started;
    if (!life.process.alive) return;
    await this.#deps.service.closeProcess(life.process, reason);
    this.release(hosted, life, reason);
  }

  /** Why an entity is not started here, if it is not. */
  #refusal(hosted: HostedType, entity: EntityAddress): Error | undefined {
    const { type, key } = entity;
    const { processes, availability, timers } = this.#deps;
    if (!this.isOpen) return this.#elsewhere(entity, undefined, 'is about to leave');
    const [other] = this.#directory
      .living(type, key)
      .filter((pid) => !processes.isLocal(pid) && availability(pid) !== 'unknown');
    if (other !== undefined) return this.#elsewhere(entity, other, 'knows that it lives');
    const pause = hosted.pauses.of(key, timers.now());
    if (pause !== undefined) {
      return new EntityUnavailableError(
        `The entity ${nameOf(entity)} failed to start ${pause.failures} times in a row, and nobody tries again for ` +
          `${Math.ceil(pause.until - timers.now())} ms. The last error: ${pause.why}. Nothing was executed.`,
      );
    }
    const candidates = this.#directory.candidates(type, key);
    const rank = candidates.findIndex(({ pid }) => processes.isLocal(pid));
    if (hosted.isFull || rank === -1) return this.#elsewhere(entity, undefined, 'takes no more of the type');
    if (rank <= entity.passed || entity.hops >= MANY_HOPS) return undefined;
    return this.#elsewhere(entity, candidates[entity.passed]?.pid, 'is not the place');
  }

  #elsewhere(entity: EntityAddress, pid: Pid | undefined, why: string): EntityElsewhereError {
    const where = pid === undefined ? '' : `; ask ${pid}`;
    return new EntityElsewhereError(
      `The entity ${nameOf(entity)} is not on node ${quoteText(this.process.pid.node)}, which ${why}${where}. Nothing was executed.`,
      { pid },
    );
  }

  #nextOf({ type, key, passed }: EntityAddress, error: Error): Pid | undefined {
    if (!(error instanceof EntityElsewhereError)) return undefined;
    const others = this.#directory.candidates(type, key).filter(({ pid }) => pid !== this.process.pid);
    return error.pid ?? others[Math.min(passed, others.length - 1)]?.pid;
  }

  /** The node that had the place of this one before it came, as long as calls may still go there. */
  #placeBefore({ type, offeredAt }: HostedType, key: Key): Pid | undefined {
    const { timers, peerTimeoutMs } = this.#deps;
    if (timers.now() - offeredAt > peerTimeoutMs) return undefined;
    return this.#directory.candidates(type.name, key).find(({ pid }) => pid !== this.process.pid)?.pid;
  }

  #askFirst(hosted: HostedType, { type, key }: EntityAddress, before: Pid, first: QueuedMessage): void {
    const parking = this.#deps.calls.mailboxes.detached(this.process);
    hosted.parked.set(key, parking);
    parking.take(first);
    const then = (living: unknown): void => {
      if (hosted.parked.get(key) !== parking) return;
      hosted.parked.delete(key);
      parking.divert((queued) => {
        const address = queued.message.entity;
        if (!isPid(living) || address === undefined) this.#startOrTake(hosted, key, queued);
        else this.refuse(queued, this.#elsewhere(address, living, 'knows that it lives'));
      });
    };
    this.#deps.calls.outgoing
      .call(before, 'known', { type, key }, { timeoutMs: ASK_MS })
      .catch(() => null)
      .then(then)
      .catch((error: unknown) => this.#deps.onWarning('entity-start', `Asking ${before} failed`, error));
  }

  #startOrTake(hosted: HostedType, key: Key, queued: QueuedMessage): void {
    const life = hosted.lives.get(key);
    (life ?? this.start(hosted, key, { cause: 'call' })).mailbox.take(queued);
  }

  #endAfterError(hosted: HostedType, key: Key): void {
    const life = hosted.lives.get(key);
    if (life !== undefined) void this.end(hosted, life, 'error');
  }

  #startFailed(hosted: HostedType, key: Key, error: unknown): void {
    this.failedStarts += 1;
    hosted.pauses.failed(key, messageOfThrown(error), this.#deps.timers.now());
    hosted.lives.get(key)?.mailbox.rejectWaiting(error);
  }

  #ended(process: LocalProcess): void {
    if (process === this.process) for (const hosted of this.types.values()) hosted.isClosed = true;
    const found = this.#lives.get(process);
    if (found === undefined) return;
    const { hosted, life } = found;
    this.#lives.delete(process);
    if (hosted.lives.get(life.key) === life) hosted.lives.delete(life.key);
    const { reason } = process;
    const word = typeof reason === 'string' ? reason : 'error';
    this.ended[word] = (this.ended[word] ?? 0) + 1;
    this.#tellFull(hosted);
  }

  #tellFull(hosted: HostedType): void {
    const full = hosted.isToldFull;
    if (full === hosted.full) return;
    hosted.full = full;
    if (hosted.offeredAt === Infinity || !this.isOpen) return;
    const offer = offerOf({ ...hosted.type, full });
    this.#deps.scope(HOSTS_SCOPE).updateValue(hosted.type.name, offer, this.process.pid);
  }
}

/** Formats an entity for messages: `'document' 'a'`. */
export function nameOf({ type, key }: { readonly type: string; readonly key: Key }): string {
  return `${quoteText(type)} ${formatKey(key)}`;
}
