/** A pattern of subjects, which may contain `*` and end in `>`. */
export class SubjectPattern {
  /** What every subject begins with: most others are told apart by it. */
  readonly #start: string;
  readonly #tokens: readonly string[];
  readonly #isWhole: boolean;

  constructor(readonly text: string) {
    const wildcard = text.search(/[*>]/);
    this.#start = wildcard < 0 ? text : text.slice(0, wildcard);
    this.#tokens = text.split('.');
    this.#isWhole = wildcard < 0;
  }

  /** Tells whether a subject matches. */
  matches(subject: string): boolean {
    if (!subject.startsWith(this.#start)) return false;
    if (this.#isWhole) return subject.length === this.#start.length;
    const tokens = subject.split('.');
    for (let index = 0; index < this.#tokens.length; index += 1) {
      const token = this.#tokens[index];
      if (token === '>') return tokens.length > index;
      if (token !== '*' && token !== tokens[index]) return false;
    }
    return this.#tokens.length === tokens.length;
  }
}
