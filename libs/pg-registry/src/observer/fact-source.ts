import type { Connection } from '../transport';
import type { Subjects } from '../wire';
import type { Json } from './json-form';
import { ACTIONS, decodeAnswer, encodeQuestion, type Question } from './question';

/** What came of a question to a node. */
export type Asked =
  | { readonly type: 'ok'; readonly json: Json; readonly ms: number }
  /** There is no such node, it did not answer in time, it is asked too much, or what it answered is no answer. */
  | { readonly type: 'nobody' | 'silent' | 'busy' | 'malformed'; readonly message: string }
  /** It answered that it cannot, or does not, do this. */
  | { readonly type: 'refused'; readonly message: string };

/** How facts are found: over a connection to the broker, or by any other way to a node. */
export interface FactSource {
  /** The names of the nodes to begin with; those that they know are asked, too. */
  nodes(): Promise<readonly string[]>;
  /** Asks a node. Never rejects. */
  ask(node: string, question: Question, timeoutMs: number): Promise<Asked>;
}

/** What a {@link QuestionSender} is given. */
export interface QuestionSenderDeps {
  readonly subjects: Subjects;
  readonly connection: () => Connection | undefined;
  /** Returns a text that nobody can guess and that was never returned before. */
  readonly token: () => string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Sends questions over the connection of a node or of the command. */
export class QuestionSender {
  readonly #deps: QuestionSenderDeps;

  constructor(deps: QuestionSenderDeps) {
    this.#deps = deps;
  }

  /** Asks one node. Never rejects. */
  ask(node: string, question: Question, timeoutMs: number): Promise<Asked> {
    const { subjects, connection, token, now } = this.#deps;
    const present = connection();
    if (present?.isConnected !== true) {
      return Promise.resolve({ type: 'silent', message: 'There is no connection to the broker.' });
    }
    const addresses = addressesOf(subjects, node, question, token);
    if (addresses === undefined)
      return Promise.resolve({ type: 'nobody', message: 'No node can have that name.' });
    const { subject, reply } = addresses;
    const begun = now();
    const options = { reply, timeoutMs };
    return new Promise((resolve) => {
      present.request(subject, encodeQuestion(question), options, (outcome) => {
        if (outcome.type === 'answer') resolve(askedOf(outcome.bytes, now() - begun));
        else if (outcome.type === 'timeout')
          resolve({ type: 'silent', message: `It did not answer within ${timeoutMs} ms.` });
        else
          resolve({
            type: 'nobody',
            message: 'There is no such node, or it does not answer questions (observer: false).',
          });
        return true;
      });
    });
  }
}

/** Where a question goes and the answer comes back; undefined for what is no name of a node: somebody typed it, or another node told of it. */
function addressesOf(
  subjects: Subjects,
  node: string,
  { ask }: Question,
  token: () => string,
): { readonly subject: string; readonly reply: string } | undefined {
  try {
    return {
      subject: subjects.to(node, ACTIONS.includes(ask) ? 'act' : 'ask'),
      reply: subjects.reply(node, token()),
    };
  } catch {
    return undefined;
  }
}

/** What an answer says. Costs its bytes. */
export function askedOf(bytes: Uint8Array, ms: number): Asked {
  const answer = decodeAnswer(bytes);
  if (answer === undefined) return { type: 'malformed', message: 'What it answered is no answer.' };
  if ('ok' in answer) return { type: 'ok', json: answer.ok, ms };
  const { error, message } = answer;
  return { type: error === 'busy' ? 'busy' : 'refused', message };
}
