import {
  InvalidArgumentError,
  isPid,
  OptionChecks,
  ProcessExitedError,
  type Pid,
  isInstanceOf,
} from '../term';
import { type Calls, type Handlers, type Mailbox, Via } from '../calls';
import { LocalProcess, type Processes, withTimeout } from '../lifetime';
import { LifecycleHooks } from './lifecycle-hooks';
import { Predecessors } from './predecessors';
import { DEFAULT_EXIT_TIMEOUT_MS, type ProcessDeps } from './process-deps';
import type { CreatedInstance, PreparedInstance, ProcessClass, ProcessFactory } from './process-factory';

const START_OPTIONS = ['via', 'waitForPredecessor', 'args', 'owner', 'signal', 'moduleRef'];
const START_CHECKS: OptionChecks = new OptionChecks('No process was started.', 'start()');

/** Options of `ProcessService.start`. `A` is the type that `onProcessStart` of the class takes. */
export interface StartOptions<A = unknown> {
  /** A name, taken before the instance exists. Its scope must have unique keys. */
  readonly via?: Via | undefined;
  /**
   * If a process of this node that had the name has ended and its `onProcessExit` still runs, `onProcessStart` of the new one runs after
   * it, so that it finds what the other one saved. The name is taken at once all the same, and calls to it wait. Default true; with false
   * the two run at the same time. Without `via` it means nothing.
   */
  readonly waitForPredecessor?: boolean | undefined;
  /** Passed to `onProcessStart` unchanged. */
  readonly args?: A | undefined;
  /**
   * The process ends with this one, for the same reason. It may live on another node. Where a node stops, or an entity is stopped or moved, the
   * owner's `onProcessExit` runs before: if it waits for what it owns, it must end it.
   */
  readonly owner?: Pid | LocalProcess | undefined;
  /** Ends the process with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** The `ModuleRef` of the module that makes the instance. Required if the class is a provider of several. */
  readonly moduleRef?: object | undefined;
}

/** An instance, its mailbox, and the name that its process was started under. */
interface StartedInstance {
  readonly created: CreatedInstance;
  readonly mailbox: Mailbox;
  readonly via: Via | undefined;
  /** The one run of its `onProcessExit`, once it has begun. */
  exit: Promise<void> | undefined;
}

/** What the library adds to a start. */
export interface StartHooks {
  /** Makes the handlers of the mailbox. Default: those of the class. */
  readonly handlersOf?: (created: CreatedInstance) => Handlers;
  /** Called with what the start failed with, before the process ends. */
  readonly onFailed?: (error: unknown) => void;
  /** Whether a call that the process waits for itself is handled at once. Default: it is refused. */
  readonly isReentrant?: boolean;
  /** Whether a process whose start has failed keeps its name until its `onProcessExit` is over. Default: until it runs. */
  readonly keepsName?: boolean;
  /** Asked before each message is handled: false keeps it, and ends the process. Default: nobody. */
  readonly mayHandle?: (() => boolean) | undefined;
}

/** A process whose start has begun. */
export interface StartingProcess {
  readonly process: LocalProcess;
  readonly mailbox: Mailbox;
  /** Resolves when it has started; rejects with what `ProcessService.start` throws. */
  readonly started: Promise<void>;
}

/** One start, and what it is made of. */
interface Start {
  readonly process: LocalProcess;
  readonly mailbox: Mailbox;
  readonly options: StartOptions;
  readonly hooks: StartHooks;
}

/** How {@link StartedProcesses.close} ends a process. */
export interface CloseOptions {
  /** How long its present handler may take, in milliseconds. Default: as long as `onProcessExit` may. */
  readonly handlerMs?: number;
  /** Runs between the handler and `onProcessExit`, as the process. What it throws is passed on, when `onProcessExit` has run. */
  readonly beforeExit?: (instance: object) => unknown;
}

/** Instances of process classes, from taking their name to the end of `onProcessExit`. */
export class StartedProcesses {
  factory: ProcessFactory | undefined;
  readonly #deps: ProcessDeps;
  readonly #processes: Processes;
  readonly #calls: Calls;
  readonly #instances = new Map<LocalProcess, StartedInstance>();
  /** One promise per instance whose process has ended, until it is destroyed. */
  readonly #ending = new Set<Promise<void>>();
  readonly #predecessors = new Predecessors();
  readonly #hooks: LifecycleHooks;

  constructor(deps: ProcessDeps) {
    this.#deps = deps;
    this.#processes = deps.processes;
    this.#calls = deps.calls;
    this.#hooks = new LifecycleHooks(deps);
    // Not after the exit: code of the user that hears of it may start a successor at once, which has to wait.
    this.#processes.onExit((process) => this.#ended(process));
  }

  /** See `ProcessService.start`. */
  async start(type: ProcessClass, options: StartOptions): Promise<LocalProcess> {
    START_CHECKS.names(options, START_OPTIONS);
    const { process, started } = this.begin(type, options);
    await started;
    return process;
  }

  /**
   * Begins to start a process. It has its name and its mailbox when this returns; messages wait there until the start is over.
   *
   * @throws What can be wrong before there is a process; see `ProcessService.start`.
   */
  begin(type: ProcessClass, options: StartOptions, hooks: StartHooks = {}): StartingProcess {
    const prepared = this.#prepare(type, options);
    const process = this.#spawn(type, options);
    if (!process.alive) throw this.#endedEarly(type, process);
    const mailbox = this.#calls.mailboxes.mount(process, {
      serial: true,
      capacity: this.#deps.mailboxCapacity,
      isReentrant: hooks.isReentrant,
      mayHandOut: hooks.mayHandle,
    });
    return {
      process,
      mailbox,
      started: this.#finishStart(type, prepared, { process, mailbox, options, hooks }),
    };
  }

  async #finishStart(type: ProcessClass, prepared: PreparedInstance, start: Start): Promise<void> {
    const { process, mailbox, options, hooks } = start;
    try {
      const turn = this.#turnOf(options);
      const run = (): Promise<void> => this.#run(prepared, start);
      const started = mailbox.runStart(() => (turn === undefined ? run() : turn.then(run)));
      // A start that hangs fails when the process ends meanwhile.
      await Promise.race([started, process.exited]);
    } catch (error) {
      hooks.onFailed?.(error);
      if (hooks.keepsName === true) await this.close(process, error, { handlerMs: 0 });
      process.exit(error);
      throw error;
    }
    if (!process.alive) throw this.#endedEarly(type, process);
  }

  /**
   * Ends every instance, the newest first, each as {@link close} does, without waiting for handlers: what waits for calls in flight has done so. Never
   * rejects.
   */
  async endAll(reason: unknown): Promise<void> {
    const newestFirst = [...this.#instances.keys()].toReversed();
    const ends = newestFirst.map(async (process) => {
      await this.close(process, reason, { handlerMs: 0 });
      process.exit(reason);
    });
    await Promise.all(ends);
  }

  /**
   * Does all that comes before the end of a process, in order: its mailbox hands out nothing any more, its handler ends, `onProcessExit` runs.
   * It keeps its name all the time, so that nobody loads what it is still saving. Then the caller ends it.
   *
   * @throws What `beforeExit` throws; nothing else.
   */
  async close(process: LocalProcess, reason: unknown, options: CloseOptions = {}): Promise<void> {
    const started = this.#instances.get(process);
    if (started === undefined) return;
    const { timers, exitTimeoutMs = DEFAULT_EXIT_TIMEOUT_MS } = this.#deps;
    const { handlerMs = exitTimeoutMs, beforeExit } = options;
    const { created, mailbox } = started;
    mailbox.suspend();
    if (mailbox.isBusy && handlerMs > 0) await withTimeout(mailbox.quiet(), handlerMs, timers);
    try {
      if (beforeExit !== undefined && process.alive)
        await mailbox.runStep(async () => beforeExit(created.instance));
    } finally {
      started.exit ??= this.#hooks.exit(created, process, reason);
      await started.exit;
    }
  }

  /** Resolves when the `onProcessExit` of everybody who had a name and has ended is over. */
  async gone(via: Via): Promise<void> {
    await this.#predecessors.gone(via, this.#processes.root);
  }

  /** Resolves when no `onProcessExit` runs any more. */
  async settled(): Promise<void> {
    // More processes may end meanwhile.
    // oxlint-disable-next-line no-await-in-loop
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  /** Checks everything that can be checked before there is a process. */
  #prepare<T extends object>(
    type: ProcessClass<T>,
    { via, owner, moduleRef, waitForPredecessor }: StartOptions,
  ): PreparedInstance {
    if (typeof type !== 'function')
      throw new InvalidArgumentError(
        `The first argument of start() must be a class (got ${typeof type}). No process was started.`,
      );
    if (this.factory === undefined) {
      throw new InvalidArgumentError(
        `${type.name} was not started: process classes need PgRegistryModule.forRoot().`,
      );
    }
    if (via !== undefined && !isInstanceOf(via, Via))
      throw new InvalidArgumentError(
        "Option 'via' must be made by via(scope, key, value?). No process was started.",
      );
    if (owner !== undefined && !isInstanceOf(owner, LocalProcess) && !isPid(owner)) {
      throw new InvalidArgumentError("Option 'owner' must be a process or its pid. No process was started.");
    }
    if (waitForPredecessor !== undefined) START_CHECKS.boolean('waitForPredecessor', waitForPredecessor);
    const prepared = this.factory.prepare(type, moduleRef);
    if (via !== undefined) this.#deps.registrar.requireUnique(via.scope);
    return prepared;
  }

  #spawn(type: ProcessClass, { via, signal, owner }: StartOptions): LocalProcess {
    const pid = owner instanceof LocalProcess ? owner.pid : owner;
    const local = pid === undefined ? undefined : this.#localOwner(pid);
    const process = this.#processes.spawn(type.name, { signal, owner: local });
    if (pid !== undefined && local === undefined) this.#endWith(pid, process);
    if (via === undefined || !process.alive) return process;
    try {
      this.#deps.registrar.register(via, process);
    } catch (error) {
      process.exit(error);
      throw error;
    }
    return process;
  }

  /** @throws ProcessExitedError if it is one of this node that has ended */
  #localOwner(pid: Pid): LocalProcess | undefined {
    if (!this.#processes.isLocal(pid)) return undefined;
    const owner = this.#processes.get(pid);
    if (owner === undefined)
      throw new ProcessExitedError(`The owner ${pid} has ended. No process was started.`, {
        pid,
        reason: 'noproc',
      });
    return owner;
  }

  /** Ends a process when its owner on another node has ended, or is lost. */
  #endWith(owner: Pid, process: LocalProcess): void {
    // As the root process, because a subscription ends with the process that made it.
    const subscription = this.#processes.current.enter(this.#processes.root, undefined, () =>
      this.#calls.monitors.monitor(owner).subscribe(({ reason }) => process.exit(reason)),
    );
    process.exited
      .then(() => subscription.unsubscribe())
      .catch((error: unknown) =>
        this.#deps.onWarning(`The end of ${process.pid} was not told to its owner's node.`, error),
      );
  }

  /** When the process may start: undefined is now. */
  #turnOf({ via, waitForPredecessor = true }: StartOptions): Promise<unknown> | undefined {
    if (via === undefined || !waitForPredecessor) return undefined;
    return this.#predecessors.gone(via, this.#processes.self());
  }

  async #run(prepared: PreparedInstance, { process, mailbox, options, hooks }: Start): Promise<void> {
    const { args, via } = options;
    // Race: it may have ended while it waited for its predecessor.
    if (!process.alive) return;
    const created = await prepared.create(process);
    if (!process.alive) return this.#hooks.destroy(created, process);
    this.#instances.set(process, { created, mailbox, via, exit: undefined });
    await this.#hooks.start(created, process, args);
    if (process.alive) mailbox.open(hooks.handlersOf?.(created) ?? created.handlers);
  }

  /** Runs `onProcessExit` of a process that has ended, once, and destroys its instance. */
  #ended(process: LocalProcess): void {
    const started = this.#instances.get(process);
    this.#instances.delete(process);
    if (started === undefined) return;
    const { via } = started;
    const ending = this.#end(started, process).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    if (via !== undefined) this.#predecessors.add(via, process, ending);
  }

  async #end(started: StartedInstance, process: LocalProcess): Promise<void> {
    started.exit ??= this.#hooks.exit(started.created, process, process.reason);
    await started.exit;
    await this.#hooks.destroy(started.created, process);
  }

  #endedEarly(type: ProcessClass, { pid, reason }: LocalProcess): ProcessExitedError {
    return new ProcessExitedError(`${type.name} (${pid}) ended before its start was over.`, { pid, reason });
  }
}
