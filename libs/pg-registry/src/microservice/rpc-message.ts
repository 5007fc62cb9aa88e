import type { Pid, Value } from '../term';

/** Names under which the two sides hear each other. */
export const REQUEST = 'request';
export const EVENT = 'event';
export const VALUES = 'values';
export const CREDIT = 'credit';

/** Values that may be on their way to a caller that has not taken them. Below what a mailbox holds. */
export const WINDOW = 256;

/** An event: cast from a client to a server. */
export interface RpcEvent {
  readonly pattern: string;
  readonly data: Value;
}

/** A request: a call from a client to a server, which is answered with {@link Answer} when the answer is complete. */
export interface Request extends RpcEvent {
  /** The client's process, to which values go that cannot wait for the end. */
  readonly replyTo: Pid;
  /** The client's number for the request. */
  readonly id: number;
}

/** The end of an answer. */
export interface Answer {
  /** How many values went ahead as {@link Values}. */
  readonly ahead: number;
  /** The last value: one, or none. */
  readonly values: readonly Value[];
  /** What the Observable failed with, after these values: one thing, or nothing. */
  readonly errors: readonly Value[];
}

/** Values of an unfinished answer: cast from the server to the client. */
export interface Values {
  readonly id: number;
  /** How many values went before these. Tells a loss. */
  readonly ahead: number;
  readonly values: readonly Value[];
  /** Where credit goes. */
  readonly from: Pid;
  readonly stream: number;
}

/** How far the client lets the server go: a total, so that a lost one is made good by the next. Cast from client to server. */
export interface Credit {
  readonly stream: number;
  /** Values that may have been sent ahead in all. */
  readonly upTo: number;
}
