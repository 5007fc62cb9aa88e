import type { Handlers } from '../calls';
import type { LocalProcess } from '../lifetime';

/** What a process class may implement. Both run as the process. */
export interface ProcessLifecycle<A = unknown> {
  /**
   * Runs before the first message. What it throws ends the process and is thrown by `start`. Mirrors `GenServer.init/1`.
   *
   * @param args What `start` was given.
   */
  onProcessStart?(args: A): unknown;
  /**
   * Runs once when the process has ended, for whatever reason, within a time limit; not if its start had not begun.
   * Mirrors `GenServer.terminate/2`.
   */
  onProcessExit?(reason: unknown): unknown;
}

/** A class whose instances are processes. */
export type ProcessClass<T extends object = object> = new (...args: never[]) => T;

/** What `start` passes to `onProcessStart`. */
export type StartArguments<T> = T extends { onProcessStart(args: infer A): unknown } ? A : unknown;

/** How the instances of process classes are made. Implemented by nest/ with the injector of the class's module. */
export interface ProcessFactory {
  /**
   * Finds the module of the class, and makes nothing yet. Called before the process exists and its name is taken.
   *
   * @param moduleRef What `start` was given, to choose among several modules.
   * @throws InvalidArgumentError naming class and remedy, unless the class is a transient provider of exactly one module.
   */
  prepare(type: ProcessClass, moduleRef: unknown): PreparedInstance;
}

/** An instance that is about to be made. */
export interface PreparedInstance {
  /**
   * Makes the instance with a context of its own, and its handlers. Called once, as the process.
   *
   * @throws What the injector throws; nothing is left behind then.
   */
  create(process: LocalProcess): Promise<CreatedInstance>;
}

/** An instance and what belongs to it. */
export interface CreatedInstance {
  readonly instance: object;
  readonly handlers: Handlers;
  /** Lets go of the instance and of what was made for it. Called once, after `onProcessExit`, if that runs. */
  destroy(): void | Promise<void>;
}
