import type { INestApplicationContext } from '@nestjs/common';
import { ProcessService, via } from 'nestjs-pg-registry';
import { type Bench } from './support/bench';
import { startApplication } from './support/echo';
import { Pair } from './support/pair';

type Ask = (question: number) => Promise<boolean>;

/** Calls from one Nest application to another, and within one, against what they are made of. */
export async function calls(bench: Bench): Promise<void> {
  const pair = await Pair.start();
  try {
    await remote(bench, pair);
    await local(bench, pair);
  } finally {
    await pair.stop();
  }
}

async function remote(bench: Bench, pair: Pair): Promise<void> {
  await pair.other.ask('answer', pair.server.url);
  const application = await startApplication('here', pair.server.url, false);
  const call = caller(application);
  const text = new TextEncoder();
  const request: Ask = async (question) => {
    const payload = text.encode(JSON.stringify({ question }));
    const answer = await pair.bare.request('bench.call', payload, { timeout: 5000 });
    return answer.json<{ question: number }>().question === question;
  };
  // What is new here is several times the code that a bare request runs. Its first 10,000 calls run interpreted or half-compiled.
  for (const inFlight of [64, 1]) {
    await bench.rates({
      name: `call to a remote process, ${inFlight} in flight`,
      unit: 'calls/s',
      work: (times) => keepAsking(call, times, inFlight),
      baseline: (times) => keepAsking(request, times, inFlight),
      limits: [{ of: 'ratio', atLeast: 0.8 }],
      rounds: 15,
      warmUpMs: 1500,
    });
  }
  await application.close();
}

async function local(bench: Bench, pair: Pair): Promise<void> {
  const application = await startApplication('both', pair.server.url, true);
  const call = caller(application);
  const echoed = async (payload: { question: number }): Promise<{ question: number }> => payload;
  await bench.rates({
    name: 'call to a local process, against await of a function',
    unit: 'calls/s',
    work: (times) => keepAsking(call, times, 1),
    baseline: (times) =>
      keepAsking(async (question) => (await echoed({ question })).question === question, times, 1),
  });
  await application.close();
}

/** Asks whoever has the name, by the application's own way. */
function caller(application: INestApplicationContext): Ask {
  const processes = application.get(ProcessService);
  const echo = via('echoes', 'echo');
  return async (question) => {
    const answer = await processes.call<{ question: number }>(echo, 'echo', { question });
    return answer.question === question;
  };
}

/** Asks so many questions, some at a time. @returns How many were answered rightly */
async function keepAsking(ask: Ask, times: number, inFlight: number): Promise<number> {
  let asked = 0;
  let right = 0;
  const asker = async (): Promise<void> => {
    while (asked < times) if (await ask(asked++)) right += 1;
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, times) }, asker));
  return right;
}
