import { launchChromium, openPage, type WatchedPage } from '../../support/browser';
import { ObservedCluster } from './observed-cluster';

/** A cluster, and the page of its node ada in Chromium. */
export interface ObservedPage extends WatchedPage {
  readonly cluster: ObservedCluster;
  /** Closes Chromium and stops the cluster. */
  readonly close: () => Promise<void>;
}

/**
 * Starts two nodes, ada and bob, and opens the page of ada, 1280 pixels wide.
 *
 * @param prepare What the cluster does before anybody looks.
 */
export async function openObservedPage(
  prepare: (cluster: ObservedCluster) => Promise<unknown> = async () => undefined,
): Promise<ObservedPage> {
  const [cluster, browser] = await Promise.all([
    ObservedCluster.start({ names: ['ada', 'bob'] }),
    launchChromium(),
  ]);
  const close = async (): Promise<void> => {
    await browser.close();
    await cluster.stop();
  };
  try {
    await prepare(cluster);
    const { page, complaints } = await openPage(browser, cluster.url('ada'), {
      viewport: { width: 1280, height: 900 },
    });
    page.setDefaultTimeout(55_000);
    return { cluster, page, complaints, close };
  } catch (error) {
    await close();
    throw error;
  }
}
