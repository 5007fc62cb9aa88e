/** A `replicated()` that has to be answered until its deadline. */
interface Question {
  readonly id: number;
  readonly deadline: number;
}

/** Calls of `replicated()` in a scope that is not announced yet, when it is not known who has to answer. Few, or none. */
export class EarlyQuestions {
  #questions: Question[] = [];

  /** When the first of them is over; Infinity if there is none. */
  get deadline(): number {
    return Math.min(Infinity, ...this.#questions.map(({ deadline }) => deadline));
  }

  add(id: number, deadline: number): void {
    this.#questions.push({ id, deadline });
  }

  /** Takes out those whose deadline has come. */
  takeDue(now: number): readonly Question[] {
    const due = this.#questions.filter(({ deadline }) => deadline <= now);
    if (due.length > 0) this.#questions = this.#questions.filter(({ deadline }) => deadline > now);
    return due;
  }

  /** Takes out all. */
  take(): readonly Question[] {
    return this.takeDue(Infinity);
  }
}
