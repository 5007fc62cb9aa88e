import type { Connection, Subscription } from '../transport';
import { senderIn, type Subjects } from '../wire';
import type { Answers } from './answers';
import { ACTIONS, type Answer, decodeQuestion, encodeAnswer } from './question';

/** So many answers of one node may be under way: those that wait for a call, or for the store of names. */
const MOST_PENDING = 32;

/** So many milliseconds of one turn of the event loop are for answers: what else has come does not wait for all of them. */
const MS_PER_TURN = 10;
/** So many questions wait for a later turn; more are refused. */
const MOST_WAITING = 64;

/** A question as it came. */
type Message = readonly [subject: string, bytes: Uint8Array, reply: string];

/** What a {@link QuestionPort} is given. */
export interface QuestionPortDeps {
  readonly subjects: Subjects;
  readonly node: string;
  readonly answers: Answers;
  readonly now: () => number;
  /** Runs a function when the present turn of the event loop is over. It must not throw. */
  readonly afterTurn: (run: () => void) => unknown;
}

/**
 * Where the questions of others come in and the answers go out. Nobody who asks is a peer: nothing is remembered of them, and what they
 * send changes nothing here unless the node allows it.
 */
export class QuestionPort {
  readonly #deps: QuestionPortDeps;
  readonly #subscriptions: Subscription[] = [];
  #connection: Connection | undefined;
  #pending = 0;
  /** What the answers of this turn have cost. */
  #turnMs = 0;
  #isTurnPlanned = false;
  #waiting: Message[] = [];

  constructor(deps: QuestionPortDeps) {
    this.#deps = deps;
  }

  /** Answers on this connection from now on. */
  attach(connection: Connection): void {
    const { subjects } = this.#deps;
    this.#connection = connection;
    for (const subject of [subjects.inbox('ask'), subjects.inbox('act'), subjects.every('ask')])
      this.#subscriptions.push(connection.subscribe(subject, (...message) => this.#take(message)));
  }

  /** Answers nothing any more. */
  detach(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
    this.#connection = undefined;
    this.#waiting = [];
  }

  /** Answers a question in this turn, or in one of the next. */
  #take(message: Message): void {
    if (!this.#isTurnPlanned) {
      this.#isTurnPlanned = true;
      this.#deps.afterTurn(() => this.#nextTurn());
    }
    const standing = this.#deps.answers.standingOf(senderIn(message[0]));
    if (standing === 'ignored') return;
    const isLate = this.#turnMs >= MS_PER_TURN || this.#waiting.length > 0;
    if (standing === 'answered' && isLate && this.#waiting.length < MOST_WAITING) this.#waiting.push(message);
    else this.#answerOne(message, isLate || standing === 'refused');
  }

  #nextTurn(): void {
    this.#isTurnPlanned = false;
    this.#turnMs = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) {
      if (this.#turnMs < MS_PER_TURN) this.#answerOne(message, false);
      else this.#take(message);
    }
  }

  #answerOne(message: Message, isTooMuch: boolean): void {
    const begun = this.#deps.now();
    this.#receive(...message, isTooMuch);
    this.#turnMs += this.#deps.now() - begun;
  }

  /** A question of anybody. Never throws. */
  #receive(subject: string, bytes: Uint8Array, reply: string, isTooMuch: boolean): void {
    const { subjects, node, answers, now } = this.#deps;
    const begun = now();
    const route = subjects.parse(subject);
    if (route === undefined || (route.route !== 'to' && route.route !== 'from')) return;
    const { from, kind } = route;
    const asker = senderIn(subject);
    // Everybody is asked only who is there, and has an address of its own for the answer.
    const to = route.route === 'from' ? subjects.to(from, 'answer') : addressOf(subjects, reply, from, node);
    if (to === undefined) return;
    if (isTooMuch || !answers.hasRoom) {
      if (answers.mayRefuse) this.#send(asker, to, BUSY, begun);
      return;
    }
    const question = decodeQuestion(bytes);
    if (question === undefined) return this.#send(asker, to, UNREADABLE, begun);
    const isAction = ACTIONS.includes(question.ask);
    if (isAction !== (kind === 'act') || (route.route === 'from' && question.ask !== 'node'))
      return this.#send(asker, to, MISPLACED, begun);
    const answer = answers.answer(question, false, asker);
    if (!(answer instanceof Promise)) return this.#send(asker, to, answer, begun);
    answers.spent(asker, now() - begun, 0);
    if (this.#pending >= MOST_PENDING) return this.#send(asker, to, BUSY, begun);
    this.#pending += 1;
    void this.#sendLater(asker, to, answer);
  }

  /** Never rejects: `Answers` turns what fails into an answer. */
  async #sendLater(asker: string, to: string, answer: Promise<Answer>): Promise<void> {
    const settled = await answer;
    this.#pending -= 1;
    this.#send(asker, to, settled, this.#deps.now());
  }

  #send(asker: string, to: string, answer: Answer, begun: number): void {
    const bytes = encodeAnswer(answer);
    this.#deps.answers.spent(asker, this.#deps.now() - begun, bytes.length);
    this.#connection?.publish(to, bytes);
  }
}

const BUSY: Answer = { error: 'busy', message: 'This node is asked too much. Ask again in a second.' };
const UNREADABLE: Answer = {
  error: 'unknown',
  message: 'This node cannot read the question: it is none, too long, or of a later version.',
};
const MISPLACED: Answer = { error: 'wrong', message: 'This question may not be asked on this subject.' };

/** The address of an answer, if only the asker listens there and only this node may write to it. */
function addressOf(subjects: Subjects, reply: string, asker: string, node: string): string | undefined {
  const route = reply === '' ? undefined : subjects.parse(reply);
  return route?.route === 'reply' && route.to === asker && route.from === node ? reply : undefined;
}
