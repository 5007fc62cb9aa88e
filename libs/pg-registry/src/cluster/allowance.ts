/** So many bytes are sent again for each byte that the asker sends. */
const BYTES_EACH = 4;
/** So much a new asker may be sent again before it has sent anything, and so much it may save up. */
const FIRST_BYTES = 512;
const MOST_BYTES = 8 * 1024;
/** This node introduces itself to an asker once in this time at least, whatever that costs. */
const INTRODUCTION_MS = 5000;
/** An asker may begin anew this often at once, whatever that costs, and once more each time that this time has passed. */
const MOST_RESTARTS = 8;
const RESTART_MS = 5000;
/** So many suspicions of one node are followed at once, and so many in a second. */
const MOST_HINTS = 32;
const HINTS_A_SECOND = 4;

/**
 * What one node may make this one send, by name: a new life of it does not begin anew.
 *
 * Answers that an asker has not had are free, because it needs them once: see {@link SentOnce}. It pays for all others with what it
 * sends, so that repeating a small question never makes much traffic: four bytes for each byte. An honest node that has lost everything
 * may begin anew a few times, and then every five seconds.
 */
export class Allowance {
  #bytes = FIRST_BYTES;
  #introducedAt = -Infinity;
  #restarts = MOST_RESTARTS;
  #restartsAt = -Infinity;
  #hints = MOST_HINTS;
  #hintsAt = -Infinity;
  /** Whether the present life may have everything once, or has to pay for it because it came too soon after others. */
  isNewcomer = true;

  /** The node has sent so many bytes; what it sends to all counts for each of its receivers in part. */
  earn(bytes: number): void {
    this.#bytes = Math.min(MOST_BYTES, this.#bytes + bytes * BYTES_EACH);
  }

  /** A new life of the node is admitted. */
  beginLife(now: number): void {
    this.isNewcomer = this.restart(now);
    if (this.isNewcomer) this.#introducedAt = -Infinity;
  }

  /** Takes `bytes` that the node is sent although it has been sent them before; false if it has not paid for them. */
  pay(bytes: number): boolean {
    if (bytes > this.#bytes) return false;
    this.#bytes -= bytes;
    return true;
  }

  /** Whether this node may introduce itself to the other one now, which takes `bytes`. If so, it counts. */
  introduce(bytes: number, now: number): boolean {
    if (now < this.#introducedAt + INTRODUCTION_MS && !this.pay(bytes)) return false;
    this.#introducedAt = now;
    return true;
  }

  /** Whether the node may begin anew. If so, it counts. */
  restart(now: number): boolean {
    if (this.#restarts < MOST_RESTARTS) {
      const regained = Math.floor((now - this.#restartsAt) / RESTART_MS);
      this.#restarts = Math.min(MOST_RESTARTS, this.#restarts + regained);
      this.#restartsAt += regained * RESTART_MS;
    } else this.#restartsAt = now;
    if (this.#restarts < 1) return false;
    this.#restarts -= 1;
    return true;
  }

  /** Whether a suspicion of the node may cause a probe. */
  hint(now: number): boolean {
    if (this.#hints < MOST_HINTS) {
      const regained = ((now - this.#hintsAt) * HINTS_A_SECOND) / 1000;
      this.#hints = Math.min(MOST_HINTS, this.#hints + regained);
    }
    this.#hintsAt = now;
    if (this.#hints < 1) return false;
    this.#hints -= 1;
    return true;
  }
}

/** The allowances of all nodes that were heard of lately. The one that was asked for longest ago is forgotten first. */
export class Allowances {
  readonly #byNode = new Map<string, Allowance>();

  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The allowance of a node; a whole one if it was not heard of. Peers keep theirs. */
  of(node: string): Allowance {
    const known = this.#byNode.get(node);
    if (known !== undefined) return known;
    const allowance = new Allowance();
    this.keep(node, allowance);
    return allowance;
  }

  /** Remembers the allowance of a node as the latest. */
  keep(node: string, allowance: Allowance): void {
    this.#byNode.delete(node);
    this.#byNode.set(node, allowance);
    if (this.#byNode.size <= this.#capacity) return;
    for (const oldest of this.#byNode.keys()) {
      this.#byNode.delete(oldest);
      return;
    }
  }
}

/** So much may be sent a second time, and so much of what was sent the first time: for answers that were lost. */
const AGAIN_BYTES = 256 * 1024;
const AGAIN_SHARE = 0.5;
/** Each stream may begin anew once in this time, beside what the asker may over all streams. */
const STREAM_RESTART_MS = 30_000;

/**
 * What one life of an asker was sent of one stream, in order of numbers: all is free once, half as much again if it was lost, and more
 * within its {@link Allowance}.
 */
export class SentOnce {
  /** All numbers up to here were sent. */
  #upTo: number;
  #againBytes = 0;
  /** When something was refused last. */
  refusedAt = -Infinity;
  #restartedAt: number;

  readonly #allowance: Allowance;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
    const { isNewcomer } = allowance;
    this.#upTo = isNewcomer ? 0 : Infinity;
    this.#restartedAt = isNewcomer ? -Infinity : Infinity;
  }

  /** Whether a body of `bytes` about the numbers (from, to] may be sent. If so, it counts as sent. */
  take(from: number, to: number, bytes: number, now: number): boolean {
    const isRepeated = from < this.#upTo;
    if (!isRepeated) this.#againBytes = Math.min(AGAIN_BYTES, this.#againBytes + bytes * AGAIN_SHARE);
    else if (bytes <= this.#againBytes) this.#againBytes -= bytes;
    else if (!this.#allowance.pay(bytes)) {
      this.refusedAt = now;
      return false;
    }
    this.#upTo = Math.max(this.#upTo, to);
    return true;
  }

  /** As {@link take}, for an asker that may have to begin anew: then all from here on is free once more. */
  takeAnew(from: number, to: number, bytes: number, now: number): boolean {
    if (this.take(from, to, bytes, now)) return true;
    if (now >= this.#restartedAt + STREAM_RESTART_MS) this.#restartedAt = now;
    else if (!this.#allowance.restart(now)) return false;
    this.#upTo = to;
    return true;
  }
}
