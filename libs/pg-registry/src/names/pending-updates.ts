import { formatKey, type Key, TransportError } from '../term';
import type { Claim } from './claim';
import type { KeyEffect } from './lease/contest-deps';

type UpdateEffect = Extract<KeyEffect, { readonly type: 'updated' | 'not-updated' }>;

/** The updates of claims that the store has not acknowledged. */
export class PendingUpdates {
  readonly #pending = new Map<number, (outcome: UpdateEffect) => void>();
  #lastId = 0;

  /**
   * Begins an update, and waits for its outcome.
   *
   * @param begin Sends it, under this id.
   * @throws ClaimLostError if the claim is lost meanwhile; TransportError if the store refuses the value. It was not changed.
   */
  async run(claim: Claim, begin: (id: number) => void): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const outcome = await new Promise<UpdateEffect>((resolve) => {
      this.#pending.set(id, resolve);
      begin(id);
    });
    this.#pending.delete(id);
    if (outcome.type === 'updated') return;
    if (outcome.reason === undefined) claim.assertHeld();
    throw notChanged(claim.key, outcome.reason ?? 'The claim was being released.');
  }

  /** Takes the outcome of an update. */
  ended(effect: UpdateEffect): void {
    this.#pending.get(effect.id)?.(effect);
  }
}

function notChanged(key: Key, reason: string): TransportError {
  return new TransportError(`The value of ${formatKey(key)} was not changed: ${reason}`);
}
