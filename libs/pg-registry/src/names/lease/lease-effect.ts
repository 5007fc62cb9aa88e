import type { KeyEffect } from './contest-deps';
import type { StoreBreak, StoreRequest } from './store-requests';

/** What the driver has to do, in this order. */
export type LeaseEffect =
  | KeyEffect
  | { readonly type: 'request'; readonly request: StoreRequest }
  /** Calls `Leases.hint` with this name from now on, when its record may have changed. */
  | { readonly type: 'watch'; readonly name: string }
  | { readonly type: 'unwatch'; readonly name: string }
  /** The store has lost what it had acknowledged, or was made anew. */
  | { readonly type: 'store-broke'; readonly kind: StoreBreak; readonly blockedMs: number }
  /** The store did not answer; it is asked again. */
  | { readonly type: 'trouble'; readonly reason: string };
