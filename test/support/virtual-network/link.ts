import { SubjectPattern } from './subject-pattern';

/** One server process; each start gives it another id. */
export interface Server {
  readonly name: string;
  id: string;
  alive: boolean;
}

/** Takes one message that arrived at the client. */
export type OnDelivery = (subject: string, bytes: Uint8Array, reply: string) => void;

/**
 * One connection of one client to one server. Its two ends may disagree: a server that has not noticed yet that its client is
 * gone keeps the subscriptions, and messages for them are lost.
 */
export class Link {
  isOpenAtClient = true;
  isOpenAtServer = true;
  /** False while packets between client and server are lost. */
  isReachable = true;
  readonly #patterns = new Map<string, SubjectPattern>();
  readonly #lastDown = new Map<Link, number>();
  #lastUp = 0;

  /**
   * @param lag In [0, 1): how late other servers learn of its subscriptions after a route came back
   * @param deliver Called with each message that arrives
   */
  constructor(
    readonly server: Server,
    readonly lag: number,
    readonly deliver: OnDelivery,
  ) {}

  subscribe(pattern: string): void {
    this.#patterns.set(pattern, new SubjectPattern(pattern));
  }

  unsubscribe(pattern: string): void {
    this.#patterns.delete(pattern);
  }

  isSubscribedTo(subject: string): boolean {
    for (const pattern of this.#patterns.values()) if (pattern.matches(subject)) return true;
    return false;
  }

  /** Returns when a message to the server arrives that alone would arrive at `moment`: it never overtakes an earlier one. */
  nextUp(moment: number): number {
    return (this.#lastUp = Math.max(this.#lastUp, moment));
  }

  /** Returns when a message from `from` arrives that alone would arrive at `moment`: it never overtakes an earlier one. */
  nextDown(from: Link, moment: number): number {
    const arrives = Math.max(this.#lastDown.get(from) ?? 0, moment);
    this.#lastDown.set(from, arrives);
    return arrives;
  }
}
