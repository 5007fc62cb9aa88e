import type { Handlers } from '../calls';
import type { LocalProcess } from '../lifetime';

/** Hooks that a process class may implement. Both run as the process. */
export interface ProcessLifecycle<A = unknown> {
  /**
   * Runs before the first message, however long it takes; a warning tells when that is longer than `exitTimeoutMs` of the node. If it throws, the
   * process ends and `start` throws the same error. Mirrors `GenServer.init/1`.
   *
   * @param args The option `args` of `start`.
   */
  onProcessStart?(args: A): unknown;
  /**
   * Runs once after the process has ended, for any reason, and may take 5 seconds unless the node's `exitTimeoutMs` says otherwise. Does
   * not run if the process ended before its instance was made.
   * Mirrors `GenServer.terminate/2`.
   */
  onProcessExit?(reason: unknown): unknown;
}

/** A class whose instances are processes. */
export type ProcessClass<T extends object = object> = new (...args: never[]) => T;

/** The type of what `start` passes to `onProcessStart`. */
export type StartArguments<T> = T extends { onProcessStart(args: infer A): unknown } ? A : unknown;

/** Makes the instances of process classes. Implemented by nest/ with the injector of the class's module. */
export interface ProcessFactory {
  /**
   * Finds the module of the class, without making anything. Called before the process exists and its name is taken.
   *
   * @param moduleRef The option of `start`, to choose among several modules.
   * @throws InvalidArgumentError naming the class and what to do, unless the class is a transient provider of exactly one module.
   */
  prepare(type: ProcessClass, moduleRef: unknown): PreparedInstance;
}

/** An instance that is about to be made. */
export interface PreparedInstance {
  /**
   * Makes the instance with a context of its own, and its handlers. Called once, as the process.
   *
   * @throws What the injector throws; nothing is left behind.
   */
  create(process: LocalProcess): Promise<CreatedInstance>;
}

/** An instance of a process class, and its handlers. */
export interface CreatedInstance {
  readonly instance: object;
  readonly handlers: Handlers;
  /** Releases the instance and everything made for it. Called once, after `onProcessExit` if that runs. */
  destroy(): void | Promise<void>;
}
