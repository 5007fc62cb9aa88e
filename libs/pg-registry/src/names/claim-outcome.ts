import type { Key } from '../term';

/** How a call of `claim`, `tryClaim` or `withLock` came out. */
export type ClaimOutcome =
  /** The caller has the key. */
  | { readonly type: 'held'; readonly token: number }
  /** Another process has it, and the call did not wait. */
  | { readonly type: 'not-free' }
  /** The call rejected. */
  | { readonly type: 'failed'; readonly error: unknown };

/** Takes how a call came out. */
export type OnClaimed = (outcome: ClaimOutcome, durationMs: number) => void;

/**
 * Hears of a call for a key of the application, before anything is asked, in the context of the caller. Campaigns of leaders and singletons are
 * no calls. It and what it returns must neither throw nor claim.
 *
 * @param method `claim`, `tryClaim` or `withLock`.
 * @returns What hears how the call came out; undefined: nobody wants to know.
 */
export type OnClaiming = (method: string, key: Key) => OnClaimed | undefined;
