import { rest, startPair } from './cluster';
import type { Coverage, Stretch } from './coverage';

/** One `register`, from the call until a monitor on the other node hears the join. */
export async function* register(coverage: Coverage): AsyncGenerator<Stretch> {
  await using pair = await startPair();
  const [here, there] = [pair.here.registry(), pair.there.registry()];
  for (let round = 1; ; round += 1) {
    const key = `lamp-${round}`;
    const heard = new Promise<Stretch>((resolve) => {
      there.monitor(key).subscribe(({ type }) => {
        if (type === 'join') resolve(coverage.end());
      });
    });
    await rest(round);
    coverage.begin();
    here.register(key, { watts: 40 });
    yield await heard;
  }
}
