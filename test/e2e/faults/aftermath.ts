import { eventually } from '../../support/eventually';
import type { Cluster } from '../cluster/cluster';

/** What has to hold after every fault, in a form that a test can compare with {@link UNHARMED}. */
export interface Aftermath {
  /** Every removal of a peer that a node has seen since its start, as `who removed whom: why`. */
  readonly removals: readonly string[];
  /** Milliseconds until every view was the same, from now on; at most 5000. */
  readonly agreedAfterMs: number;
  /** Processes that ever held more than 300 MB. */
  readonly fat: readonly string[];
}

const AGREE_MS = 5000;
const MAX_MEGABYTES = 300;

/** Nothing lost, nobody buried alive. */
export const UNHARMED = { removals: [], fat: [] };

/**
 * Waits until every node of the cluster sees the same, and looks at what the fault has done.
 *
 * @throws Error saying which node sees what, if they do not agree within five seconds.
 */
export async function aftermathIn(cluster: Cluster): Promise<Aftermath> {
  const agreedAfterMs = await cluster.agree({ timeoutMs: AGREE_MS });
  // A suspicion that is still open could end in a removal after this function has counted them.
  await eventually(
    async () => {
      const suspects = await Promise.all([...cluster.nodes].map((node) => node.suspects()));
      return suspects.flat().length === 0;
    },
    { timeoutMs: AGREE_MS },
  );
  const fat: string[] = [];
  for (const node of cluster.nodes) {
    const megabytes = await node.peakMegabytes();
    if (megabytes > MAX_MEGABYTES) fat.push(`${node.name}: ${Math.round(megabytes)} MB`);
  }
  return { removals: await cluster.removals(), agreedAfterMs, fat };
}
