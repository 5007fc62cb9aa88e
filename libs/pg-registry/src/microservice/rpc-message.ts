import { InvalidArgumentError, isObject, isPid, type Pid, type Value } from '../term';

/** The scope in which handlers are registered, each under Nest's normalised pattern. It runs on nodes that listen or send. */
export const RPC_SCOPE = 'rpc';

/** The value of a registered pattern: the queue group of its handlers, or null. */
export type PatternValue = { readonly queue: string } | null;

/** The name of the call from client to server that carries a {@link Request}. */
export const REQUEST = 'request';
/** The name of the cast from client to server that carries an {@link RpcEvent}. */
export const EVENT = 'event';
/** The name of the cast from server to client that carries {@link Values}. */
export const VALUES = 'values';
/** The name of the cast from client to server that carries a {@link Credit}. */
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
  /** The client's process, which receives {@link Values}: one of the node that asks. */
  readonly replyTo: Pid;
  /** The client's number for the request, not to be guessed. */
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
  /** The process that was asked, which receives {@link Credit}. */
  readonly from: Pid;
  /** The server's number for the stream, not to be guessed. */
  readonly stream: number;
}

/** How many values the client is ready to take: a cast from client to server. A total, so that the next credit makes up for a lost one. */
export interface Credit {
  readonly stream: number;
  /** The number of values of this answer that the server may have sent ahead in total. */
  readonly upTo: number;
}

/** Whether a value that a peer answered is an {@link Answer}. */
export function isAnswer(value: unknown): value is Answer {
  if (!isObject(value)) return false;
  const { ahead, values, errors } = value as Partial<Answer>;
  return isCount(ahead) && isShortList(values) && isShortList(errors);
}

/** Whether a value that a peer sent is a {@link Values}. */
export function isValues(value: unknown): value is Values {
  if (!isObject(value)) return false;
  const { id, ahead, values, from, stream } = value as Partial<Values>;
  return [id, ahead, stream].every(isCount) && Array.isArray(values) && isPid(from);
}

/** Whether a value that a peer sent is an {@link RpcEvent}. */
export function isEvent(value: unknown): value is RpcEvent {
  return isObject(value) && typeof (value as Partial<RpcEvent>).pattern === 'string';
}

/** Whether a value that a peer sent is a {@link Request}. */
export function isRequest(value: unknown): value is Request {
  if (!isEvent(value)) return false;
  const { replyTo, id } = value as Partial<Request>;
  return isPid(replyTo) && isCount(id);
}

/** Whether a value that a peer sent is a {@link Credit}. */
export function isCredit(value: unknown): value is Credit {
  if (!isObject(value)) return false;
  const { stream, upTo } = value as Partial<Credit>;
  return isCount(stream) && isCount(upTo);
}

/** Whether a process belongs to the node, in the same life, that something came from. */
export function isOfNode({ node, incarnation }: Pid, from: Pid): boolean {
  return node === from.node && incarnation === from.incarnation;
}

/** Numbers come from peers: NaN, fractions and negative ones among them. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isShortList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= 1;
}

/**
 * Returns what a peer sent, if it is what `check` looks for.
 *
 * @param what What it must be, for the message.
 * @throws InvalidArgumentError otherwise; nothing was executed.
 */
export function checked<T>(value: unknown, check: (value: unknown) => value is T, what: string): T {
  if (check(value)) return value;
  throw new InvalidArgumentError(`A peer sent what must be ${what}, and is not. Nothing was executed.`);
}
