/** A bare client for the comparison: it publishes a question, and the callback at the other end publishes the answer. */
import { connect, type NatsConnection } from 'nats';
import { serve } from '../../support/fixture';
import { processorUs, questions } from './contender';

interface Question {
  readonly question: number;
}

const QUESTIONS = 'bench.question';
const ANSWERS = 'bench.answer';

let client: NatsConnection;
const waiting = new Map<number, (answer: Question) => void>();

serve({
  start: async (servers: string, name: string, answers: boolean) => {
    client = await connect({ servers, name });
    if (answers)
      client.subscribe(QUESTIONS, { callback: (_, message) => client.publish(ANSWERS, message.data) });
    else
      client.subscribe(ANSWERS, {
        callback: (_, message) => {
          const answer = message.json<Question>();
          waiting.get(answer.question)?.(answer);
          waiting.delete(answer.question);
        },
      });
    await client.flush();
  },
  knowsEcho: () => true,
  ask: (times: number, inFlight: number) => questions(times, inFlight, ask),
  processorUs,
});

function ask(payload: Question): Promise<Question> {
  return new Promise((resolve) => {
    waiting.set(payload.question, resolve);
    client.publish(QUESTIONS, Buffer.from(JSON.stringify(payload)));
  });
}
