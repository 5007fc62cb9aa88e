/** How many looked-up subjects are cached. The subjects of single answers push each other out. */
const MAX_CACHED = 1024;

interface Wildcard<T> {
  readonly tokens: readonly string[];
  readonly subscriber: T;
}

/** Knows which subscribers a subject has. Subscriptions are literal, or have `*` for one token and a final `>` for one or more. */
export class Interest<T> {
  readonly #literal = new Map<string, Set<T>>();
  readonly #wildcards = new Set<Wildcard<T>>();
  readonly #cache = new Map<string, readonly T[]>();

  /** Adds a subscriber. @returns What ends the subscription; idempotent. */
  add(subject: string, subscriber: T): () => void {
    this.#cache.clear();
    const tokens = subject.split('.');
    return tokens.some((token) => token === '*' || token === '>')
      ? this.#addWildcard({ tokens, subscriber })
      : this.#addLiteral(subject, subscriber);
  }

  /** Returns the subscribers of a subject: those of exactly this subject first, each group in the order of subscription. */
  of(subject: string): readonly T[] {
    const cached = this.#cache.get(subject);
    if (cached !== undefined) return cached;
    const tokens = subject.split('.');
    const found = [...(this.#literal.get(subject) ?? [])];
    for (const wildcard of this.#wildcards)
      if (covers(wildcard.tokens, tokens)) found.push(wildcard.subscriber);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(subject, found);
    return found;
  }

  #addLiteral(subject: string, subscriber: T): () => void {
    let subscribers = this.#literal.get(subject);
    if (subscribers === undefined) this.#literal.set(subject, (subscribers = new Set()));
    subscribers.add(subscriber);
    return () => {
      this.#cache.clear();
      if (subscribers.delete(subscriber) && subscribers.size === 0) this.#literal.delete(subject);
    };
  }

  #addWildcard(wildcard: Wildcard<T>): () => void {
    this.#wildcards.add(wildcard);
    return () => {
      this.#cache.clear();
      this.#wildcards.delete(wildcard);
    };
  }
}

function covers(pattern: readonly string[], tokens: readonly string[]): boolean {
  for (const [i, token] of pattern.entries()) {
    if (i >= tokens.length) return false;
    if (token === '>') return true;
    if (token !== '*' && token !== tokens[i]) return false;
  }
  return pattern.length === tokens.length;
}
