import type { Key, Pid, Value, LossReason } from '../../term';
import type { Agenda } from './agenda';
import type { Instant } from './instant';
import type { RecordDecoding } from './lease-records';
import type { RecordWrites } from './record-writes';
import type { Reservation } from './reservations';
import type { RivalSessions } from './rival-sessions';
import type { StoreRequests } from './store-requests';

/** Who holds a key, as its record says. */
export interface Holding {
  readonly pid: Pid;
  readonly token: number;
  readonly value: Value;
}

/** One process that wants a key. */
export interface Candidate {
  readonly pid: Pid;
  readonly value: Value;
  /** True: it does not wait for a holder, but takes the key only if nobody holds it. */
  readonly once: boolean;
}

/** What became of a key, for whoever asked. */
export type KeyEffect =
  /** This node holds the key for the candidate. */
  | { readonly type: 'elected'; readonly key: Key; readonly holding: Holding }
  /** Another process holds the key, or was faster; the candidate did not want to wait. */
  | { readonly type: 'not-elected'; readonly key: Key; readonly holding: Holding | undefined }
  /** The candidate cannot get the key until somebody changes something. */
  | { readonly type: 'unavailable'; readonly key: Key; readonly reason: string }
  /** This node does not hold the key any more. */
  | { readonly type: 'lost'; readonly key: Key; readonly reason: LossReason }
  /** A release has reached the store, or need not any more. */
  | { readonly type: 'released'; readonly key: Key }
  /** An update has reached the store. */
  | { readonly type: 'updated'; readonly key: Key; readonly id: number; readonly holding: Holding }
  /** An update was not made. Without a reason: the key is lost. */
  | { readonly type: 'not-updated'; readonly key: Key; readonly id: number; readonly reason?: string };

/** What the keys of one node share. */
export interface ContestDeps {
  /** That of this node. */
  readonly incarnation: string;
  readonly requests: StoreRequests;
  readonly writes: RecordWrites;
  readonly rivals: RivalSessions;
  readonly agenda: Agenda;
  readonly decoding: RecordDecoding;
  readonly now: () => Instant;
  readonly nonce: () => string;
  /** A number from 0 to 1. */
  readonly random: () => number;
  /** The id of the session of this node that is open and believed; undefined: there is none. */
  readonly session: () => string | undefined;
  /** Opens a session unless one is being opened. */
  readonly openSession: () => void;
  /** How long the store must not be trusted any more, in milliseconds; 0 or less: it can be. */
  readonly blockedMs: () => number;
  /** How long this node has to leave a reserved key alone, in milliseconds; 0 or less: it need not. */
  readonly reservedMs: (name: string, revision: number, reservation: Reservation) => number;
  readonly watch: (name: string) => void;
  readonly unwatch: (name: string) => void;
  readonly emit: (effect: KeyEffect) => void;
  /** Called when the record of a held key was written. */
  readonly written: (name: string) => void;
  /** Called when nothing is under way for a key any more. */
  readonly rested: (name: string) => void;
  /** Called when the store does not answer. */
  readonly onTrouble: (reason: string) => void;
  /** How often the record of a key that is waited for is read without a hint, in milliseconds. */
  readonly checkMs: number;
}
