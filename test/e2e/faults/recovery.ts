import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import type { Cluster } from '../cluster/cluster';

/** The state of a cluster after a fault, to compare with {@link UNHARMED}. */
export interface Recovery {
  /** Every removal of a peer that a node has seen since its start, as `who removed whom: why`. */
  readonly removals: readonly string[];
  /** How long all views took to become equal, in milliseconds. */
  readonly agreedAfterMs: number;
  /** Processes that ever held more than 300 MB. */
  readonly fat: readonly string[];
}

const AGREE_MS = timeLimit(5000);
const MAX_MEGABYTES = 300;

/** Nothing was lost and no living node was removed. */
export const UNHARMED = { removals: [], fat: [] };

/**
 * Waits until all views of the cluster are equal, and reports what the fault changed.
 *
 * @throws Error saying which node sees what, if they do not agree within five seconds, or {@link timeLimit} of that.
 */
export async function recoveryOf(cluster: Cluster): Promise<Recovery> {
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
