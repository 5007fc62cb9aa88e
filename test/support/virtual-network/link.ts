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
  readonly #patterns = new Map<string, readonly string[]>();
  readonly #matchCache = new Map<string, boolean>();
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
    this.#patterns.set(pattern, pattern.split('.'));
    this.#matchCache.clear();
  }

  unsubscribe(pattern: string): void {
    this.#patterns.delete(pattern);
    this.#matchCache.clear();
  }

  isSubscribedTo(subject: string): boolean {
    let isMatch = this.#matchCache.get(subject);
    if (isMatch === undefined) {
      const tokens = subject.split('.');
      isMatch = [...this.#patterns.values()].some((pattern) => matchesSubject(pattern, tokens));
      if (this.#matchCache.size > 1000) this.#matchCache.clear();
      this.#matchCache.set(subject, isMatch);
    }
    return isMatch;
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

/** Tells whether the tokens of a subject match those of a pattern, which may contain `*` and end in `>`. */
export function matchesSubject(pattern: readonly string[], tokens: readonly string[]): boolean {
  for (const [index, token] of pattern.entries()) {
    if (token === '>') return tokens.length > index;
    if (token !== '*' && token !== tokens[index]) return false;
  }
  return pattern.length === tokens.length;
}
