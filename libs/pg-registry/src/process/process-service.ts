import type { Observable } from 'rxjs';
import { OptionChecks, type Pid } from '../term';
import {
  type CallContext,
  type CallOptions,
  type Calls,
  type Destination,
  formatDestination,
  type Handlers,
  HandlerTable,
  type Mailbox,
  type ProcessDown,
  type Via,
} from '../calls';
import { type LocalProcess, NORMAL, type Processes } from '../lifetime';
import type { ProcessDeps } from './process-deps';
import type { ProcessClass, ProcessFactory, StartArguments } from './process-factory';
import { makeProxy, type Remote } from './proxy';
import {
  type CloseOptions,
  StartedProcesses,
  type StartHooks,
  type StartingProcess,
  type StartOptions,
} from './started-processes';

/** Options of {@link ProcessService.spawn}. */
export interface SpawnProcessOptions {
  /** Ends the process with the signal's reason when it aborts. If it is aborted already, the process has ended. */
  readonly signal?: AbortSignal | undefined;
  /** A word for logs; the library never reads it. */
  readonly label?: string | undefined;
  /** Handles messages of {@link ProcessService.send}, one after the other, as the process. */
  readonly onMessage?: ((message: unknown, context: CallContext) => unknown) | undefined;
}

const SPAWN_OPTIONS = ['signal', 'label', 'onMessage'];
const SPAWN_CHECKS: OptionChecks = new OptionChecks('No process was started.', 'spawn()');

/** The processes of this node, and calls to those of the whole cluster. One per application. */
export class ProcessService {
  readonly #processes: Processes;
  readonly #calls: Calls;
  readonly #started: StartedProcesses;
  readonly #mailboxCapacity: number | undefined;

  /** @internal Made by the node. */
  constructor(deps: ProcessDeps) {
    this.#processes = deps.processes;
    this.#calls = deps.calls;
    this.#mailboxCapacity = deps.mailboxCapacity;
    this.#started = new StartedProcesses(deps);
  }

  /**
   * Returns the process that the running code belongs to. Code inside {@link run}, handlers, `onProcessStart` and observers belongs to
   * theirs; all other code to the node's root process, which the whole application shares. Mirrors `self/0`.
   */
  self(): Pid {
    return this.#processes.self().pid;
  }

  /**
   * Starts a process without a class. Mirrors `spawn/1`.
   *
   * @throws InvalidOptionError for a wrong or unknown option; ProcessExitedError if the node has stopped.
   */
  spawn(options: SpawnProcessOptions = {}): LocalProcess {
    SPAWN_CHECKS.names(options, SPAWN_OPTIONS);
    const { signal, label, onMessage } = options;
    if (onMessage !== undefined && typeof onMessage !== 'function') {
      throw SPAWN_CHECKS.error('onMessage', onMessage, 'a function');
    }
    const process = this.#processes.spawn(label, { signal });
    if (onMessage !== undefined) {
      const mailbox = this.#calls.mailboxes.mount(process, { serial: true, capacity: this.#mailboxCapacity });
      mailbox.open(new HandlerTable(String(process.pid), { message: onMessage }));
    }
    return process;
  }

  /**
   * Runs `fn` as a process of this node, and returns what `fn` returns. Inside, across awaits, {@link self} is that process, and
   * everything that `fn` registers is removed when the process ends.
   *
   * The first use slows down every `await` in this Node.js process a little (about 60 ns), as long as the node lives.
   *
   * @throws ProcessExitedError if the process has ended; NotLocalError if it is another node's.
   */
  run<T>(process: LocalProcess, fn: () => T): T {
    return this.#processes.run(process, fn);
  }

  /**
   * Starts an instance of a class as a process of its own, with a mailbox that it handles one message at a time. Mirrors
   * `GenServer.start_link(…, name: {:via, PgRegistry, …})`.
   *
   * The name is taken before this method returns and before the instance exists. Calls to it wait until `onProcessStart` has
   * resolved. If the start fails, the name is free again and waiting callers get `ProcessExitedError`. The process ends once: by
   * `exit`, a failed start, the signal, its owner's end, or when the node stops. Then `onProcessExit` runs. Another process that is
   * started under the same name meanwhile starts when `onProcessExit` has run, unless `waitForPredecessor` is false.
   *
   * @returns The process, when it has started.
   * @throws AlreadyRegisteredError if the name is taken on this node; UniqueKeysRequiredError, ScopeNotRunningError;
   *   InvalidArgumentError if the class is not a transient provider of exactly one module; ProcessExitedError if the process
   *   ended during its start; and what the constructor or `onProcessStart` throws.
   */
  start<T extends object>(
    type: ProcessClass<T>,
    options: StartOptions<StartArguments<T>> = {},
  ): Promise<LocalProcess> {
    return this.#started.start(type, options);
  }

  /**
   * Emits once when a process has ended, on this node or another; on subscription if it has ended already. A subscription made inside a
   * process completes without a value when that process ends. Mirrors `erlang:monitor/2`.
   *
   * @returns An Observable of `{ pid, reason }`. The reason is `'noproc'` if the process had ended before, `'noconnection'` if its node
   *   was lost.
   * @throws InvalidArgumentError if `pid` is not a Pid.
   */
  monitor(pid: Pid): Observable<ProcessDown> {
    return this.#calls.monitors.monitor(pid);
  }

  /**
   * Calls a handler of a process, or of a process registered under a name anywhere in the cluster, and resolves with its answer.
   * Mirrors `GenServer.call/3`.
   *
   * Payload and answer are copied into normal form, also within this node. A call is executed at most once: another member of a name
   * is asked only if nothing can have been executed.
   *
   * @param name The handler's name, of 1 to 256 bytes.
   * @throws NotRegisteredError if no process has the name. ProcessExitedError if the process ended before or during the call.
   *   NodeDownError if its node left; the message says whether the call may have been executed. CallTimeoutError after
   *   `timeoutMs`, default 5000. The signal's reason, once it aborts. MailboxFullError. NoHandlerError naming the handlers
   *   that exist. RemoteError with the name, message and code of what the handler threw, unless that is an error of this library,
   *   which keeps its class. InvalidValueError and ValueTooLargeError for a payload or an answer. TransportError if this node is
   *   not connected. ReentrantCallError, at once, if a serial process calls itself, directly or through others. InvalidArgumentError for a
   *   wrong name or destination.
   *   InvalidOptionError for a wrong or unknown option. ScopeNotRunningError.
   */
  call<T = unknown>(to: Destination, name: string, payload?: unknown, options?: CallOptions): Promise<T> {
    // What a handler answers is between it and its callers.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#calls.outgoing.call(to, name, payload, options) as Promise<T>;
  }

  /** @internal Like {@link call}; tells which process is asked, before it is, and again if another one is asked after it. */
  ask(
    to: Destination,
    name: string,
    payload: unknown,
    options: CallOptions,
    onAsked: (pid: Pid) => void,
  ): Promise<unknown> {
    return this.#calls.outgoing.call(to, name, payload, options, onAsked);
  }

  /**
   * Sends something to a handler of a process, or of one member of a name, without waiting. A cast that cannot be delivered, or whose
   * handler fails, is counted and logged. Mirrors `GenServer.cast/2`.
   *
   * @throws InvalidArgumentError, InvalidValueError, ValueTooLargeError, ScopeNotRunningError; InvalidOptionError for options like those of
   *   {@link call}: nobody waits for a cast, so it has none.
   */
  cast(to: Destination, name: string, payload?: unknown, ...options: readonly never[]): void {
    this.#calls.outgoing.cast(to, name, payload, options[0]);
  }

  /** Sends a message to a process's `onMessage` or `@HandleMessage`, like {@link cast}. Mirrors `send/2`. */
  send(to: Pid, message: unknown): void {
    this.#calls.outgoing.send(to, message);
  }

  /**
   * Ends a process by its pid, on this node or another: asks its node to end it, and resolves when it has. Entries and monitors are gone
   * then, as after `LocalProcess.exit`. Resolves, too, if the process had ended already. Mirrors `exit/2` of Erlang, with a limit of 5 s.
   *
   * A process that belongs to somebody is not ended: the root process of a node, a provider's (`@RegisterVia`), and the library's own. A
   * broker can forbid a node to end processes of others: `permissionsOf(namespace, node, { exit: false })`.
   *
   * @param reason What monitors are told. A value; default `'normal'`.
   * @throws InvalidArgumentError for such a process, or if `pid` is not a Pid; InvalidValueError or ValueTooLargeError for the reason.
   *   NodeDownError if its node left; CallTimeoutError if it does not answer; TransportError if this node is not connected, the
   *   broker forbids it (at once), or the other node speaks only version 1 of the protocol.
   */
  async exit(pid: Pid, reason: unknown = NORMAL): Promise<void> {
    await this.#calls.outgoing.exit(pid, reason);
  }

  /**
   * Returns an object whose methods call the handlers of the same name: `proxy<Counter>(via('counters', 'a')).add(1)`.
   *
   * It can be awaited, printed, injected and compared like any object: names that `await`, JSON, loggers and Nest look up on any object
   * (`then`, `toString`, `toJSON`, `inspect`, `onModuleInit` and the like) are no handlers. Use {@link call} for a handler of such a name.
   */
  proxy<T>(to: Destination): Remote<T> {
    return makeProxy<T>(`Remote ${formatDestination(to)}`, (name, payload, options) =>
      this.#calls.outgoing.call(to, name, payload, options),
    );
  }

  /** @internal Starts a process for a decorated provider, open for messages at once. */
  mount(options: {
    readonly label: string;
    readonly handlers: Handlers;
    readonly serial: boolean;
  }): LocalProcess {
    const mailbox = this.mountClosed(options);
    mailbox.open(options.handlers);
    return mailbox.process;
  }

  /** @internal Starts a process like {@link mount}, whose messages wait until its mailbox is opened. */
  mountClosed(options: {
    readonly label: string;
    readonly serial: boolean;
    readonly mayHandOut?: () => boolean;
  }): Mailbox {
    const { label, serial, mayHandOut } = options;
    const process = this.#processes.spawn(label);
    this.#processes.protect(process);
    const capacity = this.#mailboxCapacity;
    return this.#calls.mailboxes.mount(process, { serial, capacity, mayHandOut });
  }

  /** @internal Sets what makes instances, once; without it {@link start} throws. */
  useFactory(factory: ProcessFactory): void {
    this.#started.factory = factory;
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { root, size } = this.#processes;
    return `ProcessService <${root.pid.node}> (${size} ${size === 1 ? 'process' : 'processes'})`;
  }

  /** @internal Begins to start a process of a class; see `StartedProcesses.begin`. */
  begin(type: ProcessClass, options: StartOptions, hooks: StartHooks): StartingProcess {
    return this.#started.begin(type, options, hooks);
  }

  /** @internal Does all that comes before the end of a process of a class; see `StartedProcesses.close`. */
  closeProcess(process: LocalProcess, reason: unknown, options?: CloseOptions): Promise<void> {
    return this.#started.close(process, reason, options);
  }

  /** @internal Resolves when the `onProcessExit` of everybody who had a name and has ended is over. */
  gone(name: Via): Promise<void> {
    return this.#started.gone(name);
  }

  /** @internal Ends every process of a class: `onProcessExit` runs, and then its name is free. Never rejects. */
  endAll(reason: unknown): Promise<void> {
    return this.#started.endAll(reason);
  }

  /** @internal Resolves when no `onProcessExit` runs any more. */
  settled(): Promise<void> {
    return this.#started.settled();
  }
}
