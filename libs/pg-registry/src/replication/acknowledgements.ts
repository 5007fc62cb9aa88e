import type { Writer } from '../wire';
import { TAG, writeApplied } from './body';
import type { ReplicationBudget } from './budget';
import type { EffectList, StreamPeer } from './effect';

/** An ask without answer is repeated after this long, then after twice as long, up to the longest. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1000;

/** One call of `replicated()`. */
interface Question {
  readonly id: number;
  /** The operation that all have to apply. */
  readonly number: number;
  readonly deadline: number;
  /** Who has not answered yet, by incarnation. */
  readonly waitingFor: Map<string, StreamPeer>;
  askAt: number;
  asks: number;
}

/**
 * Who has applied the own operations: the asker's side of `replicated()`.
 *
 * A question is put to every peer that follows the stream when it is asked; each answers once it has applied that far. Who leaves,
 * is removed, stops the scope or starts it anew drops out; who comes later is not awaited. An answer is never taken back, so it
 * counts for every question up to its number. The end is one effect: nobody left, or the names of those who are.
 */
export class Acknowledgements {
  readonly #questions = new Map<number, Question>();

  readonly #run: number;
  readonly #budget: ReplicationBudget;
  readonly #scratch: Writer;

  constructor(run: number, budget: ReplicationBudget, scratch: Writer) {
    this.#run = run;
    this.#budget = budget;
    this.#scratch = scratch;
  }

  /** When `tick` has something to do. While disconnected nobody is asked, but time limits end. */
  get deadline(): number {
    let soonest = Infinity;
    for (const { deadline, askAt } of this.#questions.values()) {
      soonest = Math.min(soonest, deadline, this.#budget.online ? askAt : Infinity);
    }
    return soonest;
  }

  /** Have all of `peers` applied operation `number`? */
  ask(
    id: number,
    number: number,
    peers: Iterable<StreamPeer>,
    now: number,
    deadline: number,
    effects: EffectList,
  ): void {
    const waitingFor = new Map<string, StreamPeer>();
    if (number > 0) for (const peer of peers) waitingFor.set(peer.incarnation, peer);
    const question: Question = { id, number, deadline, waitingFor, askAt: now, asks: 0 };
    this.#questions.set(id, question);
    if (!this.#endIfAnswered(question, effects)) this.tick(now, effects);
  }

  /** The peer has applied everything up to `number`. */
  answered(incarnation: string, number: number, effects: EffectList): void {
    for (const question of this.#questions.values()) {
      if (question.number > number || !question.waitingFor.delete(incarnation)) continue;
      this.#endIfAnswered(question, effects);
    }
  }

  /** The peer, or its run of the scope, is gone: nobody waits for it. */
  dropOut(incarnation: string, effects: EffectList): void {
    this.answered(incarnation, Infinity, effects);
  }

  /** The scope stops: nobody is going to answer any more. */
  stop(effects: EffectList): void {
    for (const question of this.#questions.values()) this.#end(question, effects);
  }

  tick(now: number, effects: EffectList): void {
    for (const question of this.#questions.values()) {
      if (question.deadline <= now) this.#end(question, effects);
      else if (question.askAt <= now && this.#budget.online) this.#put(question, now, effects);
    }
  }

  /** The connection is back: ask at once. */
  connected(now: number): void {
    for (const question of this.#questions.values()) question.askAt = now;
  }

  #put(question: Question, now: number, effects: EffectList): void {
    question.askAt = now + Math.min(FIRST_RETRY_MS * 2 ** question.asks++, LONGEST_RETRY_MS);
    const body = writeApplied(this.#scratch, TAG.appliedAsk, this.#run, question.number);
    for (const peer of question.waitingFor.values()) effects.send(peer, 'applied', body);
  }

  #endIfAnswered(question: Question, effects: EffectList): boolean {
    if (question.waitingFor.size > 0) return false;
    this.#end(question, effects);
    return true;
  }

  #end({ id, waitingFor }: Question, effects: EffectList): void {
    this.#questions.delete(id);
    const laggards = Array.from(waitingFor.values(), ({ node }) => node);
    effects.add({ type: 'replicated', id, laggards, connected: this.#budget.online });
  }
}
