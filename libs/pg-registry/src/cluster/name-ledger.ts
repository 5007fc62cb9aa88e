/** What is known of a node name for longer than any of its incarnations. */
interface NameRecord {
  readonly incarnation: string;
  readonly epoch: number;
  /** It said goodbye at this epoch: only frames of a higher epoch show that it lives, so that somebody else must have said it. */
  readonly ended: boolean;
  /** Hellos with a lower beat are old. It outlives the peer, so that no old hello brings one back. */
  beat: number;
  /** Since when a peer of this name is known in part only; undefined if none is. */
  incompleteSince: number | undefined;
}

/** Where a sender stands by its name, incarnation and epoch alone. */
export type SenderStatus =
  /** Nothing is recorded under the name. */
  | 'unknown'
  /** It is the current incarnation of its name. */
  | 'current'
  /** It is newer than the one recorded, which is thereby over. */
  | 'newer'
  /** A newer incarnation of its name was heard. */
  | 'older'
  /** It said goodbye, and its epoch has not risen since. */
  | 'ended';

/** Whether (epoch, incarnation) `a` supersedes `b`. Epochs of one millisecond are told apart by the incarnation, alike everywhere. */
export function supersedes(
  a: { readonly epoch: number; readonly incarnation: string },
  b: { readonly epoch: number; readonly incarnation: string },
): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.incarnation > b.incarnation);
}

/**
 * The last epoch of every name heard of: one bounded tombstone per name, by which an incarnation that ended is never
 * mistaken for a living one. Names of present peers are not forgotten; of the others the longest unheard go first. A name
 * that was forgotten starts anew: then only its own later epoch, or its silence, ends a replayed old incarnation.
 */
export class NameLedger {
  readonly #records = new Map<string, NameRecord>();

  readonly #capacity: number;
  readonly #inUse: (node: string) => boolean;

  /**
   * @param capacity How many names are remembered beside those in use
   * @param inUse Whether a name belongs to a present peer
   */
  constructor(capacity: number, inUse: (node: string) => boolean) {
    this.#capacity = capacity;
    this.#inUse = inUse;
  }

  get size(): number {
    return this.#records.size;
  }

  /** The highest epoch heard of a name; `undefined` if nothing is recorded. */
  epochOf(node: string): number | undefined {
    return this.#records.get(node)?.epoch;
  }

  /** The beat below which hellos of the name's current incarnation are old. */
  beatOf(node: string): number {
    return this.#records.get(node)?.beat ?? 0;
  }

  /** From now on hellos of the name's current incarnation below `beat` are old. */
  raiseBeat(node: string, beat: number): void {
    const record = this.#records.get(node);
    if (record !== undefined) record.beat = Math.max(record.beat, beat);
  }

  /** A peer of this name was admitted whose scopes are not all known. Returns since when that is so, counting earlier lives. */
  incompleteSince(node: string, now: number): number {
    const record = this.#records.get(node);
    return record === undefined ? now : (record.incompleteSince ??= now);
  }

  /** All scopes of the peer of this name are known. */
  complete(node: string): void {
    const record = this.#records.get(node);
    if (record !== undefined) record.incompleteSince = undefined;
  }

  statusOf(sender: {
    readonly node: string;
    readonly incarnation: string;
    readonly epoch: number;
  }): SenderStatus {
    const record = this.#records.get(sender.node);
    if (record === undefined) return 'unknown';
    if (record.incarnation === sender.incarnation)
      return record.ended && sender.epoch <= record.epoch ? 'ended' : 'current';
    return supersedes(sender, record) ? 'newer' : 'older';
  }

  /** Records the current incarnation of a name. The epoch of one incarnation only rises: a frame may have been overtaken. */
  record(
    sender: { readonly node: string; readonly incarnation: string; readonly epoch: number },
    ended = false,
  ): void {
    const known = this.#records.get(sender.node);
    const same = known?.incarnation === sender.incarnation;
    const epoch = same ? Math.max(known.epoch, sender.epoch) : sender.epoch;
    const stays = same && known.ended && sender.epoch <= known.epoch;
    if (same && known.epoch === epoch && known.ended === (ended || stays)) return;
    this.#records.delete(sender.node); // to the end of the order of age
    this.#records.set(sender.node, {
      incarnation: sender.incarnation,
      epoch,
      ended: ended || stays,
      beat: same ? known.beat : 0,
      incompleteSince: known?.incompleteSince,
    });
    if (this.#records.size > this.#capacity) this.#forgetOldest();
  }

  #forgetOldest(): void {
    let looked = 0;
    for (const [node, record] of this.#records) {
      if (!this.#inUse(node)) {
        this.#records.delete(node);
        return;
      }
      this.#records.delete(node); // still in use: it is as young as any
      this.#records.set(node, record);
      looked += 1;
      if (looked >= this.#records.size) return;
    }
  }
}
