import type { Pid, Value } from '../term';

/** The scope in which handlers are registered, each under Nest's normalised pattern. It runs on nodes that listen or send. */
export const RPC_SCOPE = 'rpc';

/** The value of a registered pattern: the queue group of its handlers, or null. */
export type PatternValue = { readonly queue: string } | null;

/** Names of the calls and casts between client and server. */
export const REQUEST = 'request';
export const EVENT = 'event';
export const VALUES = 'values';
export const CREDIT = 'credit';

/** How many values may be on their way to a caller that has not taken them. Less than a mailbox holds. */
export const WINDOW = 256;

/** An event: a cast from client to server. */
export interface RpcEvent {
  readonly pattern: string;
  readonly data: Value;
}

/** A request: a call from client to server. The server answers with {@link Answer} when the handler's Observable has ended. */
export interface Request extends RpcEvent {
  /** The client's process, which receives {@link Values}. */
  readonly replyTo: Pid;
  /** The client's number for the request. */
  readonly id: number;
}

/** The end of an answer. `values` and `errors` hold at most one item each. */
export interface Answer {
  /** How many values the server sent ahead as {@link Values}. */
  readonly ahead: number;
  /** The last value, or none. */
  readonly values: readonly Value[];
  /** The error with which the Observable failed, or none. */
  readonly errors: readonly Value[];
}

/** Values of an unfinished answer: a cast from server to client. */
export interface Values {
  readonly id: number;
  /** How many values the server sent before these. The client detects losses by it. */
  readonly ahead: number;
  readonly values: readonly Value[];
  /** The process that receives {@link Credit}. */
  readonly from: Pid;
  readonly stream: number;
}

/** How many values the client is ready to take: a cast from client to server. A total, so that the next credit makes up for a lost one. */
export interface Credit {
  readonly stream: number;
  /** The number of values of this answer that the server may have sent ahead in total. */
  readonly upTo: number;
}
