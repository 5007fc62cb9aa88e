import type { Page } from 'playwright-core';
import { accessibilityFaults, describeInChromium } from '../../support/browser';
import { eventually } from '../../support/eventually';
import { openObservedPage } from './observed-page';

/** More than a journal keeps in a second. */
const CHANGES = 150_000;
const OMITTED = /omitted\d+ changes (?:at once|within \d+ ms) were too many to keep/;

describeInChromium('the page of the observer, after more changes than a journal keeps', () => {
  let page: Page;
  let complaints: string[];
  let close: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    // Before anybody looks: while a page follows a node, its journal keeps all.
    ({ page, complaints, close } = await openObservedPage((cluster) =>
      eventually(async () => (await cluster.ask('ada', 'burst', CHANGES)) === true),
    ));
  });

  afterAll(() => close?.());

  const row = (text: RegExp) =>
    page
      .getByRole('region', { name: 'Changes of the key', exact: true })
      .getByRole('row')
      .filter({ hasText: text });

  async function go(hash: string, heading: string): Promise<void> {
    await page.evaluate(`void (location.hash = ${JSON.stringify(hash)})`);
    await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  }

  it('says in their place how many there were, beside the key', async () => {
    await go('#key?scope=notes&key="burst"', 'Key');
    await row(OMITTED).first().waitFor();
    // It is about a scope, and leads to no key.
    expect(await row(OMITTED).first().getByRole('link').count()).toBe(0);
    expect(await row(OMITTED).first().textContent()).toMatch(/notes$/);
    expect(await row(/update/).count()).toBeGreaterThan(0);
  });

  it('says so where it explains a key, with the node that left them out', async () => {
    await go('#explain?scope=notes&key="burst"', 'Explain');
    await page
      .getByText(/Of node 'ada', at .*Changes of this key may be among them\./)
      .first()
      .waitFor();
    const seen = row(new RegExp(`ada${OMITTED.source}`));
    await seen.first().waitFor();
    expect(await seen.first().textContent()).toMatch(/notes$/);
  });

  it.each(['light', 'dark'] as const)(
    'has no faults that axe finds, 400 pixels wide and %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 400, height: 900 });
      await go('#key?scope=notes&key="burst"', 'Key');
      await row(OMITTED).first().waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
      expect(complaints).toEqual([]);
    },
  );
});
