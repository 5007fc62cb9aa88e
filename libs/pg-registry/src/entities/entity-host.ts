import { type Handlers, type Mailbox, type QueuedMessage, via } from '../calls';
import type { LocalProcess } from '../lifetime';
import {
  EntityElsewhereError,
  InvalidArgumentError,
  type Key,
  messageOfThrown,
  NamesUnavailableError,
  quoteText,
} from '../term';
import type { Claim } from '../names';
import type { EntitiesDeps } from './entities-deps';
import { type EntityClass, entityTypeOf } from './entity-options';
import { entityHandlers, MERGE } from './entity-handlers';
import { EntityLeases } from './entity-leases';
import { type Directory, ENTITIES_SCOPE, HOSTS_SCOPE, offerOf } from './hosts';
import { HostedType, type Life, type StartOf } from './hosted-type';
import { IdleWatch } from './idle-watch';
import { MessageTurns } from './message-turns';
import { Refusals } from './refusals';
import { WaitingStarts } from './waiting-starts';

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
  readonly refusals: Refusals;
  readonly ended: Record<string, number> = {};
  /** Whether entities are started here: not any more once the node drains. */
  isOpen = true;
  readonly #deps: EntitiesDeps;
  readonly #directory: Directory;
  readonly #control: Mailbox;
  readonly #lives = new Map<LocalProcess, { readonly hosted: HostedType; readonly life: Life }>();
  readonly #idle: IdleWatch;
  /** Undefined: the node has no cluster names. */
  readonly #leases: EntityLeases | undefined;
  readonly #waitingStarts: WaitingStarts;
  readonly #messages: MessageTurns;

  constructor(deps: EntitiesDeps, directory: Directory) {
    const { processes, calls } = deps;
    this.#deps = deps;
    this.#directory = directory;
    this.process = processes.spawn('pg.entities');
    this.#idle = new IdleWatch(deps.timers, (hosted, life) => void this.end(hosted, life, 'idle'));
    this.#control = calls.mailboxes.detached(this.process);
    this.refusals = new Refusals({
      ...deps,
      directory,
      host: this.process.pid,
      isLeaving: ({ type }) => !this.isOpen || (type.guard === 'lease' && this.#leases?.isStopped === true),
    });
    const names = deps.namesOf(this.process);
    this.#leases = names && new EntityLeases(deps, names, this.refusals);
    this.#messages = new MessageTurns(deps, (queued) => this.#take(queued));
    this.#waitingStarts = new WaitingStarts(deps, directory, this, this.refusals);
    const mailbox = calls.mailboxes.mount(this.process);
    mailbox.divert((queued) => this.take(queued));
    calls.mailboxes.useEntities(mailbox);
    processes.onExit((process) => this.#ended(process));
  }

  /** Sets, once, what handles the messages of other hosts. */
  open(handlers: Handlers): void {
    this.#control.open(handlers);
  }

  /** @throws InvalidArgumentError if the class is no entity type, or another class has its name; NamesUnavailableError without names for its guard. */
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
    if (type.guard === 'lease' && this.#leases === undefined) {
      throw new NamesUnavailableError(
        `${entityClass.name} is an @Entity with guard 'lease', which needs cluster names, and option 'names' of node ` +
          `${quoteText(this.process.pid.node)} is false. Leave that option out, or use guard 'view'. It was not mounted.`,
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
      if (hosted.openSince !== Infinity || !this.isOpen) continue;
      scope.join(hosted.type.name, this.process.pid, offerOf({ ...hosted.type, full: hosted.full }));
      hosted.openSince = this.#deps.timers.now();
    }
  }

  /** Takes a message for an entity, or of another host. Never throws. */
  take(queued: QueuedMessage): void {
    this.#messages.take(queued);
  }

  #take(queued: QueuedMessage): void {
    const { entity } = queued.message;
    if (entity === undefined) return this.#control.take(queued);
    const hosted = this.types.get(entity.type);
    if (hosted === undefined)
      return this.refuse(queued, this.refusals.elsewhere(entity, undefined, 'does not offer it'));
    const waiting = hosted.lives.get(entity.key)?.mailbox ?? hosted.parked.get(entity.key);
    if (waiting !== undefined) return waiting.take(queued);
    this.#directory.checkKey(entity.type, entity.key);
    const refusal = this.refusals.of(hosted, entity);
    if (refusal !== undefined) return this.refuse(queued, refusal);
    if (!this.#waitingStarts.take(hosted, entity.key, queued)) this.startOrTake(hosted, entity.key, queued);
  }

  /**
   * Claims an entity whose guard is a lease.
   *
   * @returns Undefined for another guard.
   * @throws Why it is not started here; see `EntityLeases.take`.
   */
  async claim({ type: { name, guard } }: HostedType, key: Key): Promise<Claim | undefined> {
    return guard === 'lease' ? await this.#leases!.take(name, key) : undefined;
  }

  /** Gives the lease of an entity back, when its `onProcessExit` has run. @param to The incarnation that may take it first */
  async free(life: Life, to?: string): Promise<void> {
    await this.#leases?.free(life, to);
  }

  /** Resolves when no lease waits any more for the end of what it protected. */
  async freed(): Promise<void> {
    await this.#leases?.freed();
  }

  /** Starts an entity whose node crashed, as long as its place is here. */
  restart(hosted: HostedType, key: Key, isPlace: () => boolean): void {
    if (hosted.type.guard === 'lease') void this.#waitingStarts.restart(hosted, key, isPlace);
    else void this.#waitingStarts.restartSoon(hosted, key, isPlace);
  }

  /** Ends what rests on leases, in order, because the node is about to give all of them back. Never rejects. */
  async endLeased(reason: unknown): Promise<void> {
    const leased = [...this.types.values()].filter(({ type }) => type.guard === 'lease');
    const lives = leased.flatMap((hosted) => [...hosted.lives.values()].map((life) => ({ hosted, life })));
    const left = lives.filter(({ life }) => life.closing === undefined);
    await Promise.all(left.map(({ hosted, life }) => this.end(hosted, life, reason)));
  }

  /** Starts an entity. @throws What is wrong before there is a process; its claim is released then. */
  start(hosted: HostedType, key: Key, of: StartOf): Life {
    try {
      return this.#start(hosted, key, of);
    } catch (error) {
      void of.claim?.release();
      throw error;
    }
  }

  #start(hosted: HostedType, key: Key, { cause, state, from, claim, trace }: StartOf): Life {
    const { service, processes, onStarting } = this.#deps;
    const { type } = hosted;
    const ended = onStarting?.({ type: type.name, key, cause, trace });
    const { process, mailbox, started } = service.begin(
      hosted.class,
      { via: via(ENTITIES_SCOPE, [type.name, key]), args: { key, state, cause, token: claim?.token } },
      {
        isReentrant: type.reentrant,
        keepsName: true,
        mayHandle: claim && (() => this.#isHeld(hosted, life)),
        handlersOf: (created) =>
          entityHandlers(created, {
            host: this.process.pid,
            self: () => processes.current.self().pid,
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
      claim,
      isFreed: false,
      isAway: false,
      started: started.then(
        () => (hosted.pauses.started(key), ended?.(undefined)),
        (error: unknown) => ended?.(error),
      ),
      closing: undefined,
      handled: 0,
      quietSince: Infinity,
    };
    hosted.lives.set(key, life);
    this.#lives.set(process, { hosted, life });
    const { started: starts } = hosted.counts;
    starts[cause] = (starts[cause] ?? 0) + 1;
    this.#tellFull(hosted);
    if (claim !== undefined) {
      processes.signals.onAbort(claim.signal, () => void this.#isHeld(hosted, life));
      this.#isHeld(hosted, life); // it may have been lost before
    }
    return life;
  }

  /** Hands a message to an entity, which is started if it does not live. */
  startOrTake(hosted: HostedType, key: Key, queued: QueuedMessage): void {
    const life = hosted.lives.get(key);
    const { trace } = queued.message;
    (life ?? this.start(hosted, key, { cause: 'call', trace })).mailbox.take(queued);
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
    // Race: something else may have ended it, and its next life may have begun.
    if (hosted.lives.get(key)?.process === process) hosted.lives.delete(key);
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
    const to = entity && this.refusals.nextOf(entity, error);
    if (entity === undefined || to === undefined)
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
    await this.free(life);
    if (life.process.alive) this.release(hosted, life, reason);
  }

  /** Whether the lease of an entity is held. If not, the entity ends at once: another process may be it by now. */
  #isHeld(hosted: HostedType, life: Life): boolean {
    const { claim, process, isFreed } = life;
    if (claim === undefined || claim.held) return true;
    if (process.alive && !isFreed) {
      const { reason }: { reason?: unknown } = Object(claim.signal.reason);
      this.release(hosted, life, reason === 'node-stopped' ? 'shutdown' : 'lost');
    }
    return false;
  }

  #endAfterError(hosted: HostedType, key: Key): void {
    const life = hosted.lives.get(key);
    if (life !== undefined) void this.end(hosted, life, 'error');
  }

  #startFailed(hosted: HostedType, key: Key, error: unknown): void {
    hosted.counts.failedStarts += 1;
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
    if (life.from !== undefined) hosted.endedAfterMove(life.key, life.from);
    // It ended without the order of its host, for instance because its start failed.
    if (!life.isFreed && life.claim !== undefined)
      this.#leases?.freeAfter(
        this.#deps.service.gone(via(ENTITIES_SCOPE, [hosted.type.name, life.key])),
        life,
      );
    const { reason } = process;
    const word = typeof reason === 'string' ? reason : 'error';
    this.ended[word] = (this.ended[word] ?? 0) + 1;
    this.#tellFull(hosted);
  }

  #tellFull(hosted: HostedType): void {
    const full = hosted.isToldFull;
    if (full === hosted.full) return;
    hosted.full = full;
    if (hosted.openSince === Infinity || !this.isOpen) return;
    if (!full) hosted.openSince = this.#deps.timers.now();
    const offer = offerOf({ ...hosted.type, full });
    this.#deps.scope(HOSTS_SCOPE).updateValue(hosted.type.name, offer, this.process.pid);
  }
}
