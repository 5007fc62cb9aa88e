import type { Browser } from 'playwright-core';
import { describeInChromium, launchChromium, openPage } from '../../support/browser';
import { ObservedCluster } from './observed-cluster';

/** Goes to another screen in the moment in which the first one is there, before the browser has painted it. */
const LEAVE_AT_ONCE = `new MutationObserver((_, observer) => {
  if (document.querySelector('h1') === null) return;
  observer.disconnect();
  location.hash = '#scopes';
}).observe(document, { childList: true, subtree: true });`;

describeInChromium('the address of the page of the observer', () => {
  let cluster: ObservedCluster;
  let browser: Browser;
  beforeAll(async () => {
    [cluster, browser] = await Promise.all([ObservedCluster.start({ names: ['ada'] }), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  it('is followed from the moment in which the page shows something', async () => {
    const { page, complaints } = await openPage(browser, 'about:blank');
    await page.addInitScript(LEAVE_AT_ONCE);
    await page.goto(cluster.url('ada'));
    await page.getByRole('heading', { level: 1, name: 'Scopes', exact: true }).waitFor({ timeout: 10_000 });
    expect(complaints).toEqual([]);
  });
});
