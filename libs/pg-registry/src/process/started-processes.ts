import { InvalidArgumentError, isPid, ProcessExitedError, type Pid } from '../term';
import { type Calls, type Mailbox, refuseUnknownOptions, Via } from '../calls';
import { LocalProcess, type Processes, withTimeout } from '../lifetime';
import type { ProcessDeps } from './process-deps';
import type {
  CreatedInstance,
  PreparedInstance,
  ProcessClass,
  ProcessFactory,
  ProcessLifecycle,
} from './process-factory';

const START_OPTIONS = ['via', 'args', 'owner', 'signal', 'moduleRef'];
const DEFAULT_EXIT_TIMEOUT_MS = 5000;

/** What `start` takes. `A` is what `onProcessStart` of the class takes. */
export interface StartOptions<A = unknown> {
  /** The name, taken before the instance exists; the scope needs unique keys. */
  readonly via?: Via | undefined;
  /** Passed to `onProcessStart` as it is. */
  readonly args?: A | undefined;
  /** The process ends with this one, for the same reason; it may live on another node. */
  readonly owner?: Pid | LocalProcess | undefined;
  /** Ends the process with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Chooses the module, if the class is a provider of several: that module's `ModuleRef`. */
  readonly moduleRef?: object | undefined;
}

/** The instances of process classes, from the name that is taken for them to the end of `onProcessExit`. */
export class StartedProcesses {
  factory: ProcessFactory | undefined;
  readonly #deps: ProcessDeps;
  readonly #processes: Processes;
  readonly #calls: Calls;
  readonly #instances = new Map<LocalProcess, CreatedInstance>();
  /** Ends of instances that are under way. */
  readonly #ending = new Set<Promise<void>>();

  constructor(deps: ProcessDeps) {
    this.#deps = deps;
    this.#processes = deps.processes;
    this.#calls = deps.calls;
    this.#processes.afterExit((process) => this.#ended(process));
  }

  /** See `ProcessService.start`. */
  async start(type: ProcessClass, options: StartOptions): Promise<LocalProcess> {
    refuseUnknownOptions(options, START_OPTIONS, 'start(); nothing was started');
    const prepared = this.#prepare(type, options);
    const process = this.#spawn(type, options);
    if (!process.alive) throw this.#endedEarly(type, process);
    const mailbox = this.#calls.mailboxes.mount(process, {
      serial: true,
      capacity: this.#deps.mailboxCapacity,
    });
    try {
      const started = mailbox.runStart(() => this.#run(prepared, process, mailbox, options.args));
      // Whoever waits for a start that hangs is told when the process ends meanwhile.
      await Promise.race([started, process.exited]);
    } catch (error) {
      process.exit(error);
      throw error;
    }
    if (!process.alive) throw this.#endedEarly(type, process);
    return process;
  }

  /** Resolves when no `onProcessExit` runs any more. */
  async settled(): Promise<void> {
    // More may end while these do.
    // oxlint-disable-next-line no-await-in-loop
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  /** Everything that can be found wrong before there is a process. */
  #prepare<T extends object>(
    type: ProcessClass<T>,
    { via, owner, moduleRef }: StartOptions,
  ): PreparedInstance {
    if (typeof type !== 'function')
      throw new InvalidArgumentError('The first argument of start() is a class.');
    if (this.factory === undefined) {
      throw new InvalidArgumentError(
        `${type.name} was not started: process classes need PgRegistryModule.forRoot().`,
      );
    }
    if (via !== undefined && !(via instanceof Via))
      throw new InvalidArgumentError("Option 'via' is via(scope, key, value?).");
    if (owner !== undefined && !(owner instanceof LocalProcess) && !isPid(owner)) {
      throw new InvalidArgumentError("Option 'owner' is a process or its pid; nothing was started.");
    }
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
      throw new ProcessExitedError(`The owner ${pid} has ended.`, { pid, reason: 'noproc' });
    return owner;
  }

  /** Ends a process when its owner on another node has ended, or is lost. */
  #endWith(owner: Pid, process: LocalProcess): void {
    // As the root process: a subscription of the process that starts this one would end with that one.
    const subscription = this.#processes.current.enter(this.#processes.root, undefined, () =>
      this.#calls.monitors.monitor(owner).subscribe(({ reason }) => process.exit(reason)),
    );
    void process.exited.then(() => subscription.unsubscribe());
  }

  async #run(
    prepared: PreparedInstance,
    process: LocalProcess,
    mailbox: Mailbox,
    args: unknown,
  ): Promise<void> {
    const created = await prepared.create(process);
    if (!process.alive) return this.#destroy(created, process);
    this.#instances.set(process, created);
    const instance: ProcessLifecycle = created.instance;
    await instance.onProcessStart?.(args);
    if (process.alive) mailbox.open(created.handlers);
  }

  /** Lets the instance of a process that has ended do its last work, once. */
  #ended(process: LocalProcess): void {
    const created = this.#instances.get(process);
    this.#instances.delete(process);
    if (created === undefined) return;
    const ending = this.#end(created, process).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #end(created: CreatedInstance, process: LocalProcess): Promise<void> {
    const instance: ProcessLifecycle = created.instance;
    const { timers, exitTimeoutMs = DEFAULT_EXIT_TIMEOUT_MS, onWarning } = this.#deps;
    const name = `${process.pid} (${process.label})`;
    try {
      // Not in the turn of the exit, whose caller does not expect to run code of the process.
      await Promise.resolve();
      const exit = (): unknown => instance.onProcessExit?.(process.reason);
      const exited = Promise.resolve(this.#processes.current.enter(process, undefined, exit));
      if (!(await withTimeout(exited, exitTimeoutMs, timers))) {
        onWarning(`onProcessExit of ${name} took longer than ${exitTimeoutMs} ms and is not waited for.`);
      }
    } catch (error) {
      onWarning(`onProcessExit of ${name} failed.`, error);
    }
    await this.#destroy(created, process);
  }

  async #destroy(created: CreatedInstance, process: LocalProcess): Promise<void> {
    try {
      await created.destroy();
    } catch (error) {
      this.#deps.onWarning(`Letting go of ${process.pid} (${process.label}) failed.`, error);
    }
  }

  #endedEarly(type: ProcessClass, { pid, reason }: LocalProcess): ProcessExitedError {
    return new ProcessExitedError(`${type.name} (${pid}) ended before it was started.`, { pid, reason });
  }
}
