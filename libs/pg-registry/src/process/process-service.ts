import type { Observable } from 'rxjs';
import { InvalidOptionError, type Pid } from '../term';
import {
  type CallContext,
  type CallOptions,
  type Calls,
  type Destination,
  type Handlers,
  HandlerTable,
  type ProcessDown,
  refuseUnknownOptions,
} from '../calls';
import type { LocalProcess, Processes } from '../lifetime';
import type { ProcessDeps } from './process-deps';
import type { ProcessClass, ProcessFactory, StartArguments } from './process-factory';
import { makeProxy, type Remote } from './proxy';
import { StartedProcesses, type StartOptions } from './started-processes';

/** What `spawn` may be told. */
export interface SpawnProcessOptions {
  /** Ends the process with the signal's reason when it aborts; one that is aborted already gives an ended process. */
  readonly signal?: AbortSignal | undefined;
  /** A word for logs. */
  readonly label?: string | undefined;
  /** Handles what is sent to the process, one message after the other, as the process. */
  readonly onMessage?: ((message: unknown, context: CallContext) => unknown) | undefined;
}

const SPAWN_OPTIONS = ['signal', 'label', 'onMessage'];

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
   * The process that the running code belongs to: inside of {@link run}, handlers, `onProcessStart` and observers that of
   * theirs; anywhere else the node's root process, which the whole application shares. Mirrors `self/0`.
   */
  self(): Pid {
    return this.#processes.self().pid;
  }

  /**
   * Starts a process without a class. Mirrors `spawn/1`.
   *
   * @throws InvalidOptionError; ProcessExitedError once the node has stopped.
   */
  spawn(options: SpawnProcessOptions = {}): LocalProcess {
    refuseUnknownOptions(options, SPAWN_OPTIONS, 'spawn(); nothing was started');
    const { signal, label, onMessage } = options;
    if (onMessage !== undefined && typeof onMessage !== 'function') {
      throw new InvalidOptionError("Option 'onMessage' is a function; nothing was started.", {
        option: 'onMessage',
      });
    }
    const process = this.#processes.spawn(label, { signal });
    if (onMessage !== undefined) {
      const mailbox = this.#calls.mailboxes.mount(process, { serial: true, capacity: this.#mailboxCapacity });
      mailbox.open(new HandlerTable(String(process.pid), { message: onMessage }));
    }
    return process;
  }

  /**
   * Runs `fn` as a process of this node: inside of it, across awaits, {@link self} is that process, and what it registers
   * goes when the process ends. Returns what `fn` returns.
   *
   * The first use costs every `await` of the Node.js process some 60 ns on Node.js 20, as long as the node lives.
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
   * The name is taken in this very turn, before the instance exists; calls to it wait until `onProcessStart` has resolved.
   * If the start fails, the name is free again and who waits gets `ProcessExitedError`. The process ends once: by `exit`, a
   * failed start, the signal, its owner's end or the node's stop; then `onProcessExit` runs.
   *
   * @returns The process, started.
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
   * Tells once when a process has ended, here or on another node: on subscription if it has already. A subscription made
   * inside a process completes without a word when that process ends. Mirrors `erlang:monitor/2`.
   *
   * @returns `{ pid, reason }`; reason is `'noproc'` if it had ended before, `'noconnection'` if its node was lost.
   */
  monitor(pid: Pid): Observable<ProcessDown> {
    return this.#calls.monitors.monitor(pid);
  }

  /**
   * Asks a process, or whoever is registered under a name anywhere in the cluster, and resolves with its answer. Mirrors
   * `GenServer.call/3`.
   *
   * Payload and answer are copied into normal form, also on this node. A call is executed once at most: another member of a
   * name is only asked where nothing can have been executed.
   *
   * @param name The handler.
   * @throws NotRegisteredError: nobody has the name. ProcessExitedError: the process ended before, or while it was asked.
   *   NodeDownError: its node left; the message says whether the call may have been executed. CallTimeoutError after
   *   `timeoutMs`, default 5000. The signal's reason, once it aborts. MailboxFullError; NoHandlerError naming the handlers
   *   there are; RemoteError with what the handler threw, unless that is an error of this library: it keeps its class.
   *   InvalidValueError, ValueTooLargeError for a payload or an answer. TransportError while the node is not connected.
   *   InvalidArgumentError, at once, if a serial process calls itself. ScopeNotRunningError.
   */
  call<T = unknown>(to: Destination, name: string, payload?: unknown, options?: CallOptions): Promise<T> {
    // What a handler answers is between it and its callers.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#calls.outgoing.call(to, name, payload, options) as Promise<T>;
  }

  /**
   * Tells a process, or one member of a name, something and does not wait. What cannot be delivered, or fails in the handler,
   * is counted and logged. Mirrors `GenServer.cast/2`.
   *
   * @throws InvalidArgumentError, InvalidValueError, ValueTooLargeError, ScopeNotRunningError.
   */
  cast(to: Destination, name: string, payload?: unknown): void {
    this.#calls.outgoing.cast(to, name, payload);
  }

  /** Sends a message to a process's `onMessage` or `@HandleMessage`, like {@link cast}. Mirrors `send/2`. */
  send(to: Pid, message: unknown): void {
    this.#calls.outgoing.send(to, message);
  }

  /**
   * An object whose methods call the handlers of the same name: `proxy<Counter>(via('counters', 'a')).add(1)`.
   *
   * It answers `undefined` for symbols and for the names that `await`, JSON and Nest look up on any object.
   */
  proxy<T>(to: Destination): Remote<T> {
    return makeProxy<T>((name, payload, options) => this.#calls.outgoing.call(to, name, payload, options));
  }

  /** @internal A process of its own for a decorated provider, open for messages at once. */
  mount(options: {
    readonly label: string;
    readonly handlers: Handlers;
    readonly serial: boolean;
  }): LocalProcess {
    const { label, handlers, serial } = options;
    const process = this.#processes.spawn(label);
    this.#calls.mailboxes.mount(process, { serial, capacity: this.#mailboxCapacity }).open(handlers);
    return process;
  }

  /** @internal Given once by nest/; without it {@link start} is refused. */
  useFactory(factory: ProcessFactory): void {
    this.#started.factory = factory;
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { root, size } = this.#processes;
    return `ProcessService <${root.pid.node}> (${size} ${size === 1 ? 'process' : 'processes'})`;
  }

  /** @internal Resolves when no `onProcessExit` runs any more. */
  settled(): Promise<void> {
    return this.#started.settled();
  }
}
