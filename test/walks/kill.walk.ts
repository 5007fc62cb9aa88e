import { rest, startPair } from './cluster';
import type { Coverage, Stretch } from './coverage';

const KEYS = ['hall', 'stairs'];

/**
 * What a node does about a peer that is gone without a goodbye, from the moment in which it is gone until the node has removed
 * it, and a monitor has heard every entry of the peer leave.
 */
export async function* kill(coverage: Coverage): AsyncGenerator<Stretch> {
  for (let round = 1; ; round += 1) {
    // Nobody dies twice.
    await using pair = await startPair({ watchful: true });
    const { cluster, here, there } = pair;
    for (const key of KEYS) there.registry().register(key, { watts: 40 });
    await cluster.settle();
    const forgotten = new Promise<Stretch>((resolve) => {
      const awaited = new Set(['the peer', ...KEYS]);
      const happened = (what: unknown): void => {
        if (awaited.delete(String(what)) && awaited.size === 0) resolve(coverage.end());
      };
      here.node.peerEvents$.subscribe(({ type }) => {
        if (type === 'peer-removed') happened('the peer');
      });
      here
        .registry()
        .monitorScope()
        .subscribe((event) => {
          if (event.type === 'leave') happened(event.key);
        });
    });
    await rest(round);
    cluster.crash(there);
    coverage.begin();
    yield await forgotten;
  }
}
