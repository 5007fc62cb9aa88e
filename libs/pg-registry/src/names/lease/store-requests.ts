import type { LeaseReadOutcome, LeaseWrite, LeaseWriteOutcome } from '../lease-store';
import type { Instant } from './instant';

/** A request that the driver must send to the store, once, and answer with `answered`. */
export type StoreRequest =
  | { readonly type: 'read'; readonly id: number; readonly name: string; readonly timeoutMs: number }
  | { readonly type: 'write'; readonly id: number; readonly write: LeaseWrite; readonly timeoutMs: number };

/** Takes the outcome of a read. */
export type OnRead = (outcome: LeaseReadOutcome) => void;
/** Takes the outcome of a write. @param sentAt A moment before the request was sent */
export type OnWritten = (outcome: LeaseWriteOutcome, sentAt: Instant) => void;

/** What the store has shown of itself, in the answers so far. */
export interface StoreLife {
  readonly epoch: number;
  /** The highest revision that any answer had. */
  readonly revision: number;
}

/** Why what the store says now cannot follow what it said before. */
export type StoreBreak =
  /** It was made anew: all records are gone. */
  | 'remade'
  /** It has lost writes that it had acknowledged. */
  | 'rolled-back';

interface OpenRequest {
  readonly sentAt: Instant;
  /** The highest revision that was known when it was sent. */
  readonly knownRevision: number;
  readonly onRead?: OnRead;
  readonly onWritten?: OnWritten;
}

/** The requests to the store that have no answer yet. It also watches that the store never goes back. */
export class StoreRequests {
  /** Requests that were sent, by the node's life so far. */
  sent = 0;
  readonly #open = new Map<number, OpenRequest>();
  readonly #emit: (request: StoreRequest) => void;
  readonly #onBreak: (kind: StoreBreak) => void;
  readonly #timeoutMs: number;
  #life: StoreLife | undefined;

  /**
   * @param emit Takes each request.
   * @param onBreak Called before the answer that shows it is handed on.
   * @param timeoutMs How long the store may take for one answer.
   */
  constructor(emit: (request: StoreRequest) => void, onBreak: (kind: StoreBreak) => void, timeoutMs: number) {
    this.#emit = emit;
    this.#onBreak = onBreak;
    this.#timeoutMs = timeoutMs;
  }

  /** What is known of the store; undefined before its first answer. */
  get life(): StoreLife | undefined {
    return this.#life;
  }

  /** Sends a read. */
  read(name: string, now: Instant, onRead: OnRead): void {
    const id = this.#add({ sentAt: now, knownRevision: this.#life?.revision ?? 0, onRead });
    this.#emit({ type: 'read', id, name, timeoutMs: this.#timeoutMs });
  }

  /** Sends a write. */
  write(write: LeaseWrite, now: Instant, onWritten: OnWritten): void {
    const id = this.#add({ sentAt: now, knownRevision: this.#life?.revision ?? 0, onWritten });
    this.#emit({ type: 'write', id, write, timeoutMs: this.#timeoutMs });
  }

  /** Takes the outcome of a request, once. An unknown id is ignored. */
  answered(id: number, outcome: LeaseReadOutcome | LeaseWriteOutcome): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    if ('epoch' in outcome) this.#look(outcome, open);
    if (outcome.type === 'written' || outcome.type === 'refused') open.onWritten?.(outcome, open.sentAt);
    else if (outcome.type === 'found' || outcome.type === 'absent') open.onRead?.(outcome);
    else {
      open.onWritten?.(outcome, open.sentAt);
      open.onRead?.(outcome);
    }
  }

  #add(request: OpenRequest): number {
    this.sent += 1;
    this.#open.set(this.sent, request);
    return this.sent;
  }

  #look(
    outcome: Extract<LeaseReadOutcome | LeaseWriteOutcome, { readonly epoch: number }>,
    { knownRevision }: OpenRequest,
  ): void {
    const { epoch } = outcome;
    const revision = outcome.type === 'absent' ? 0 : outcome.revision;
    const known = this.#life;
    this.#life =
      known?.epoch === epoch ? { epoch, revision: Math.max(known.revision, revision) } : { epoch, revision };
    if (known === undefined) return;
    if (epoch > known.epoch) return this.#onBreak('remade');
    // Answers of one life may come in another order than they were made, so only what was known at the sending counts.
    const isBehind = outcome.type === 'written' && !outcome.repeated && revision <= knownRevision;
    if (epoch >= known.epoch && !isBehind) return;
    // What was known of it before does not count any more, or every later write would look as if it went back.
    this.#life = { epoch, revision };
    this.#onBreak('rolled-back');
  }
}
