import type { Key, Value, LossReason } from '../../term';
import type { ContestDeps, Holding } from './contest-deps';
import type { ClaimRecord } from './lease-records';
import type { Settled } from './record-writes';
import type { Reservation } from './reservations';

/** A change of the record that waits for its turn. */
type Change =
  { readonly type: 'update'; readonly id: number; readonly value: Value } | { readonly type: 'touch' };

/** How long the store is left alone after it has refused a release for its configuration. */
const REFUSED_RELEASE_MS = 1000;

/** What {@link HeldKey} is about. */
export interface HeldKeyDeps extends ContestDeps {
  readonly key: Key;
  readonly name: string;
  /** The session by which the key is held. */
  readonly heldBy: string;
  /** Called once, when the key is not held any more and nothing is under way for it. */
  readonly onEnd: () => void;
}

/** One key that this node holds, from the claim to the release or the loss. Has at most one write under way at a time. */
export class HeldKey {
  readonly #deps: HeldKeyDeps;
  #state: 'held' | 'releasing' | 'lost' = 'held';
  #holding: Holding;
  #revision: number;
  #isWriting = false;
  readonly #changes: Change[] = [];
  #reservedFor: Reservation | undefined;

  constructor(holding: Holding, revision: number, deps: HeldKeyDeps) {
    this.#holding = holding;
    this.#revision = revision;
    this.#deps = deps;
  }

  /** The session by which the key is held. */
  get heldBy(): string {
    return this.#deps.heldBy;
  }

  /** What is held; undefined after the release or loss. Ask the session whether it may still be believed. */
  get holding(): Holding | undefined {
    return this.#state === 'held' ? this.#holding : undefined;
  }

  /** Writes another value. Ends with `updated` or `not-updated`. */
  update(id: number, value: Value): void {
    if (this.#state !== 'held') return this.#deps.emit({ type: 'not-updated', key: this.#deps.key, id });
    this.#changes.push({ type: 'update', id, value });
    this.#change();
  }

  /** Writes the record again, so that the store does not drop it for its age. */
  touch(): void {
    if (this.#state !== 'held') return;
    this.#changes.push({ type: 'touch' });
    this.#change();
  }

  /** Gives the key back. It is not held any more when this returns; the store is told next. @param reservedFor Who may take it first */
  release(reason: LossReason, reservedFor?: Reservation): void {
    if (this.#state !== 'held') return;
    this.#state = 'releasing';
    this.#reservedFor = reservedFor;
    this.#tellLoss(reason);
    if (!this.#isWriting) this.#writeFree();
  }

  /** Gives the key back that nobody was told to hold. */
  releaseUnseen(): void {
    this.#state = 'releasing';
    this.#writeFree();
  }

  /** The session is over: the record names one that nobody can renew, so there is nothing to write. */
  lose(reason: LossReason): void {
    if (this.#state !== 'held') return;
    this.#state = 'lost';
    this.#tellLoss(reason);
    if (!this.#isWriting) this.#deps.onEnd();
  }

  #change(): void {
    if (this.#isWriting || this.#state !== 'held') return;
    const change = this.#changes.shift();
    if (change === undefined) return;
    const { pid, token } = this.#holding;
    const value = change.type === 'update' ? change.value : this.#holding.value;
    this.#write({ session: this.#deps.heldBy, pid, value, token }, (settled) =>
      this.#changed(change, value, settled),
    );
  }

  #changed(change: Change, value: Value, settled: Settled): void {
    if (settled.type === 'written') this.#revision = settled.revision;
    if (this.#state === 'held' && settled.type === 'written') {
      this.#holding = { ...this.#holding, value };
      this.#deps.written(this.#deps.name);
      if (change.type === 'update')
        this.#deps.emit({ type: 'updated', key: this.#deps.key, id: change.id, holding: this.#holding });
      return this.#change();
    }
    this.#notUpdated(change, settled.type === 'unavailable' ? settled.reason : undefined);
    if (this.#state === 'held') {
      if (settled.type === 'unavailable') return this.#change();
      return this.lose('taken');
    }
    if (this.#state === 'releasing' && (settled.type === 'written' || settled.type === 'unavailable'))
      return this.#writeFree();
    this.#end();
  }

  #writeFree(): void {
    this.#write(undefined, (settled) => {
      if (settled.type !== 'unavailable' || this.#deps.session() !== this.#deps.heldBy) return this.#end();
      // The key would stay taken as long as the session goes on.
      this.#deps.onTrouble(settled.reason);
      this.#deps.agenda.add(this.#deps.now().monotonic + REFUSED_RELEASE_MS, () => this.#writeFree());
    });
  }

  #write(holder: ClaimRecord['holder'], onSettled: (settled: Settled) => void): void {
    const { writes, nonce, key, name, heldBy, session, onTrouble } = this.#deps;
    this.#isWriting = true;
    writes.begin({
      name,
      record: { type: 'claim', key, nonce: nonce(), holder, reservedFor: this.#reservedFor },
      after: this.#revision,
      certainEpoch: false,
      isNeeded: () => session() === heldBy,
      onSettled: (settled) => {
        this.#isWriting = false;
        onSettled(settled);
      },
      onTrouble,
    });
  }

  #tellLoss(reason: LossReason): void {
    for (const change of this.#changes.splice(0)) this.#notUpdated(change, undefined);
    this.#deps.emit({ type: 'lost', key: this.#deps.key, reason });
  }

  #notUpdated(change: Change, reason: string | undefined): void {
    if (change.type !== 'update') return;
    const { key } = this.#deps;
    this.#deps.emit({ type: 'not-updated', key, id: change.id, ...(reason !== undefined && { reason }) });
  }

  #end(): void {
    if (this.#state === 'releasing') this.#deps.emit({ type: 'released', key: this.#deps.key });
    this.#deps.onEnd();
  }
}
