/** What the sessions of a document and the shared document say to each other. */
import type { Pid } from 'nestjs-pg-registry';

/** What a client shows of itself to others, as Yjs's awareness has it. */
export interface Presence {
  /** The number of the client. */
  readonly client: number;
  /** Rises with each change. */
  readonly clock: number;
  /** JSON; {@link GONE}: the client is gone. */
  readonly state: string;
}

/** The state of a client that is gone, as Yjs's awareness has it. */
export const GONE = 'null';

/** How much of the document is in the database. */
export interface Saved {
  /** A state vector of what is saved. */
  readonly stateVector: Uint8Array;
  /** How many updates of the document that are, counted since it was started. */
  readonly version: number;
  /** Why the last attempt to save failed, for people. */
  readonly problem: string | undefined;
}

/** A piece of something longer. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Whether it is the last one. */
  readonly isLast: boolean;
}

/** `join` of the shared document: the session that joins, and what its client has. */
export interface Join {
  readonly session: Pid;
  /** The session's number of this join. What the document tells the session from now on has it, so that nothing older is mistaken for it. */
  readonly stream: number;
  readonly stateVector: Uint8Array;
}

/** The answer to {@link Join}. */
export interface Joined {
  /** How many updates the document has had. */
  readonly version: number;
  /** What the client lacks. Further pieces are asked for by `read`. */
  readonly changes: Piece;
  readonly saved: Saved;
  readonly present: readonly Presence[];
}

/** `write` of the shared document: a piece of an update of the session's client. */
export interface Write extends Piece {
  readonly session: Pid;
}

/** `announce` of the shared document. */
export interface Announcement {
  readonly session: Pid;
  readonly presence: Presence;
}

/** `updated` of a session. */
export interface Updated {
  readonly stream: number;
  /** 1 for the first one of the stream. A session that misses one joins again. */
  readonly sequence: number;
  /** How many updates the document has had, with this one. */
  readonly version: number;
  /** Undefined: it is too long for a message, so the session has to ask for it. */
  readonly update: Uint8Array | undefined;
}

/** `saved` of a session. */
export interface SavedNews {
  readonly stream: number;
  readonly saved: Saved;
}

/** `present` of a session. */
export interface PresenceNews {
  readonly stream: number;
  readonly present: readonly Presence[];
}

/** What one holder of a document leaves to the next. */
export interface Legacy {
  /** An update with what could not be saved. */
  readonly unsaved: Uint8Array | undefined;
  readonly present: readonly Presence[];
}
