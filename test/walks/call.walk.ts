import { Injectable, Module, Scope } from '@nestjs/common';
import { type Destination, HandleCall, RegisterVia, via } from 'nestjs-pg-registry';
import type { TestNode } from 'nestjs-pg-registry/testing';
import { rest, startPair } from './cluster';
import type { Coverage, Stretch } from './coverage';

/** A process for each instance. */
@Injectable({ scope: Scope.TRANSIENT })
class Lamp {
  @HandleCall()
  ask(question: unknown): unknown {
    return question;
  }
}

/** One process, found by its name. */
@Injectable()
@RegisterVia('lamps', 'hall')
class HallLamp extends Lamp {}

@Module({ providers: [Lamp, HallLamp] })
class LampModule {}

/** One `call` to a process of the other node by its pid, until the answer is there. */
export function call(coverage: Coverage): AsyncGenerator<Stretch> {
  return ask(coverage, async ({ processes }) => (await processes.start(Lamp)).pid);
}

/** One `call` to a provider of the other node by the name that it is registered under, until the answer is there. */
export function callByName(coverage: Coverage): AsyncGenerator<Stretch> {
  return ask(coverage, () => via('lamps', 'hall'));
}

async function* ask(
  coverage: Coverage,
  destination: (on: TestNode) => Destination | Promise<Destination>,
): AsyncGenerator<Stretch> {
  await using pair = await startPair({ scopes: ['lamps'], modules: [LampModule] });
  const { processes } = pair.here;
  // Known over there as long as it is registered, whatever the garbage collector does between two calls.
  pair.here.registry().register('caller');
  const to = await destination(pair.there);
  for (let round = 1; ; round += 1) {
    await rest(round);
    coverage.begin();
    yield await processes.call(to, 'ask', { watts: 40 }).then(() => coverage.end());
  }
}
