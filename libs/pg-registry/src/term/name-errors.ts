/** The errors of cluster names. */
import { PgRegistryError, type ErrorFields } from './errors';
import type { Key } from './value';

/** Why a claim ended. */
export type LossReason =
  /** The node could not renew its session in time, for instance because its event loop stood still. */
  | 'expired'
  /** Another node ended this node's session, or somebody else wrote the record of the key. */
  | 'taken'
  /** The claim was released. */
  | 'released'
  /** The process that made the claim has ended. */
  | 'process-exit'
  /** The node has drained, stopped, or was superseded by a younger one of its name. */
  | 'node-stopped'
  /** The store of the names could not be reached until the session ended. */
  | 'disconnected'
  /** The store of the names has lost records, or was made anew. */
  | 'store-rolled-back';

/** A claim is not held any more. Another process may hold its key, so whatever the claim protects must not be done. */
export class ClaimLostError extends PgRegistryError {
  /** The key of the claim. */
  readonly key: Key;
  /** The fencing token of the claim. */
  readonly token: number;
  /** Why it ended. */
  readonly reason: LossReason;

  constructor(
    message: string,
    fields: ErrorFields & { readonly key: Key; readonly token: number; readonly reason: LossReason },
  ) {
    super(message, { ...fields, code: 'CLAIM_LOST' });
    this.key = fields.key;
    this.token = fields.token;
    this.reason = fields.reason;
  }
}

/** The node has no store for cluster names that it may use. The message says what is missing and what to do. Nothing is held. */
export class NamesUnavailableError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'NAMES_UNAVAILABLE' });
  }
}
