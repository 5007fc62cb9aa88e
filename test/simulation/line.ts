import type { Server } from './broker';

/** Takes what comes in on a line. */
export type OnDelivery = (subject: string, bytes: Uint8Array, reply: string) => void;

/**
 * One connection of one client to one server, as both ends see it. The ends may disagree: a server that has not noticed
 * that its client is gone still holds its subscriptions, and what is sent to them vanishes.
 */
export class Line {
  isOpenAtClient = true;
  isOpenAtServer = true;
  /** False while packets vanish between client and server. */
  isReachable = true;
  readonly #patterns = new Map<string, readonly string[]>();
  readonly #hears = new Map<string, boolean>();
  readonly #lastDown = new Map<Line, number>();
  #lastUp = 0;

  /**
   * @param lag In [0, 1): how late its subscriptions are known again behind a route that came back
   * @param deliver What the client does with a message
   */
  constructor(
    readonly server: Server,
    readonly lag: number,
    readonly deliver: OnDelivery,
  ) {}

  subscribe(pattern: string): void {
    this.#patterns.set(pattern, pattern.split('.'));
    this.#hears.clear();
  }

  unsubscribe(pattern: string): void {
    this.#patterns.delete(pattern);
    this.#hears.clear();
  }

  hears(subject: string): boolean {
    let heard = this.#hears.get(subject);
    if (heard === undefined) {
      heard = this.#matches(subject.split('.'));
      if (this.#hears.size > 1000) this.#hears.clear();
      this.#hears.set(subject, heard);
    }
    return heard;
  }

  /** The moment at which something sent to the server arrives, if alone it would at `moment`: nothing overtakes. */
  nextUp(moment: number): number {
    return (this.#lastUp = Math.max(this.#lastUp, moment));
  }

  /** The moment at which a message of `from` arrives, if alone it would at `moment`: it does not overtake an earlier one. */
  nextDown(from: Line, moment: number): number {
    const arrives = Math.max(this.#lastDown.get(from) ?? 0, moment);
    this.#lastDown.set(from, arrives);
    return arrives;
  }

  #matches(tokens: readonly string[]): boolean {
    for (const wanted of this.#patterns.values()) if (matches(wanted, tokens)) return true;
    return false;
  }
}

/** Whether a subject's tokens fit a pattern's, which may have `*` and a final `>`. */
export function matches(wanted: readonly string[], tokens: readonly string[]): boolean {
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index;
    if (token !== '*' && token !== tokens[index]) return false;
  }
  return wanted.length === tokens.length;
}
