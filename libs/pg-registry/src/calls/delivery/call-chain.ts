/**
 * The processes that wait for a call: each made it, or one of those that led to it, while it handled a message or started. A serial process
 * that is called by one that it waits for itself would wait until the time limit; the chain, which travels with calls, shows that at once.
 */

/** One process that waits, and for which of its deliveries. */
export interface ChainLink {
  readonly incarnation: string;
  readonly id: number;
  /** The number of the message that it handles, counted by its mailbox; 0 while it starts. */
  readonly delivery: number;
}

/** The processes that wait for a call, the outermost first. Never empty. */
export type CallChain = readonly ChainLink[];

/** So many links travel at most; of a longer chain those nearest to the call. */
export const MOST_LINKS = 32;

/** Running code of a process within which calls are made; a mark of its context. */
export interface ChainMark {
  /** The processes that wait for a call that is made within; undefined: none does. */
  readonly chain: CallChain | undefined;
}

/** Returns whether a mark of running code is one of those that know who waits. */
export function isChainMark(mark: object): mark is ChainMark {
  return 'chain' in mark;
}

/** Returns the chain with one process more that waits. */
export function extended(chain: CallChain | undefined, link: ChainLink): CallChain {
  return chain === undefined ? [link] : [...chain.slice(1 - MOST_LINKS), link];
}
