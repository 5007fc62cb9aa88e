import type { Page } from 'playwright-core';
import { describeInChromium } from '../../support/browser';
import { eventually } from '../../support/eventually';
import type { ObservedCluster } from './observed-cluster';
import { openObservedPage } from './observed-page';

const SCREENS = [
  ['cluster', 'Cluster', 'Nodes'],
  ['scopes', 'Scopes', 'Scopes'],
  ['entries?scope=workers', 'Entries', 'Entries'],
  ['key?scope=workers&key=["worker","bob"]', 'Key', 'Changes of the key'],
  ['processes?node=bob', 'Processes', 'Processes'],
  ['names', 'Names', 'Cluster names'],
  ['entities?node=bob', 'Entities', 'Entities'],
  ['events?scope=workers', 'Events', 'Events'],
  ['explain?scope=workers&key=["worker","bob"]', 'Explain', 'Beliefs'],
] as const;
const MENU = ['Cluster', 'Scopes', 'Processes', 'Names', 'Entities', 'Events', 'Explain'];
/** More stops than any of these screens has. */
const MOST_STOPS = 200;
const LONG_MS = 120_000;
/** A node on a busy machine may say that it is asked too much; the page asks again. */
const BUSY = /status of 50[23]/;

/** Where the focus is. */
interface Stop {
  /** Among all that can have it, in the order of the document; -1: none of these has it. */
  readonly at: number;
  readonly of: number;
  readonly name: string;
  /** Whether it is drawn around it, within the window. */
  readonly isShown: boolean;
}

const WHERE = `(() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')];
  const stops = all.filter((each) => !each.disabled && each.getClientRects().length > 0);
  const focused = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(focused);
  const { top, bottom, left, right } = focused.getBoundingClientRect();
  return {
    at: stops.indexOf(focused),
    of: stops.length,
    name: focused.getAttribute('aria-label') ?? focused.labels?.[0]?.textContent.trim() ?? focused.textContent.trim(),
    isShown:
      outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 &&
      bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
  };
})()`;

describeInChromium('the page of the observer without a mouse, in Chromium', () => {
  let cluster: ObservedCluster;
  let page: Page;
  let complaints: string[];
  let close: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    ({ cluster, page, complaints, close } = await openObservedPage());
    await cluster.ask('bob', 'claim', 'leader');
    await cluster.ask('ada', 'callEntity', 'acme');
  });

  afterAll(() => close?.());

  afterEach(() => {
    const found = complaints.splice(0).filter((complaint) => !BUSY.test(complaint));
    if (found.length > 0) throw new Error(`The console of the browser says: ${found.join('\n')}`);
  });

  const where = (): Promise<Stop> => page.evaluate<Stop>(WHERE);
  const press = (key: string): Promise<void> => page.keyboard.press(key);
  const heading = (name: string): Promise<void> =>
    page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  const rows = (table: string, text: string | RegExp) =>
    page.getByRole('region', { name: table, exact: true }).getByRole('row').filter({ hasText: text });

  /** Loads a screen anew: the focus is at the beginning of the document. */
  async function load(hash: string, title: string): Promise<void> {
    await page.goto('about:blank');
    await page.goto(`${cluster.url('ada')}#${hash}`);
    await heading(title);
  }

  /** Goes on with the tabulator until something of that name has the focus. */
  async function tabTo(name: string): Promise<void> {
    for (let stops = 0; stops < MOST_STOPS; stops += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await press('Tab');
      // oxlint-disable-next-line no-await-in-loop
      if ((await where()).name === name) return;
    }
    throw new Error(`The tabulator does not lead to ${JSON.stringify(name)}.`);
  }

  const focused = (): Promise<string> => where().then(({ name }) => name);

  it.each(SCREENS)(
    'leads to all of %s in the order of the document, shows where it is, and out of it again',
    async (hash, title, table) => {
      await load(hash, title);
      await page.getByRole('region', { name: table, exact: true }).waitFor();
      const faults: string[] = [];
      let last: Stop = { at: -1, of: 0, name: '', isShown: true };
      for (let stops = 0; stops < MOST_STOPS; stops += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await press('Tab');
        // oxlint-disable-next-line no-await-in-loop
        const stop = await where();
        // Behind the last one come the browser's own controls, which a browser without a window has not.
        if (stop.at === -1 || (stop.at === 0 && last.at > 0)) break;
        if (stop.at !== last.at + 1) faults.push(`${stop.name} comes after ${last.name}`);
        if (!stop.isShown) faults.push(`the focus on ${stop.name} cannot be seen`);
        last = stop;
      }
      expect(faults).toEqual([]);
      // The link that skips the menu, the menu, and something of the screen.
      expect([last.at, last.of > MENU.length + 1]).toEqual([last.of - 1, true]);
    },
    LONG_MS,
  );

  it('lets the menu be skipped', async () => {
    await load('names', 'Names');
    await press('Tab');
    expect(await where()).toMatchObject({ at: 0, name: 'Skip the menu', isShown: true });
    await press('Enter');
    await page.waitForFunction('document.activeElement.tagName === "H1"');
    await press('Tab');
    expect(await focused()).toBe('Name begins with');
  });

  it('leads from the menu to each screen, and begins behind the menu there', async () => {
    await load('cluster', 'Cluster');
    for (const title of MENU.slice(1)) {
      /* oxlint-disable no-await-in-loop -- there is one page */
      await page.evaluate('document.querySelector(".skip").focus()');
      await tabTo(title);
      await press('Enter');
      await heading(title);
      await eventually(async () => (await page.evaluate('document.activeElement.tagName')) === 'H1');
      await eventually(async () => (await where()).of > MENU.length + 1);
      await press('Tab');
      expect((await where()).at).toBe(MENU.length + 1);
      /* oxlint-enable no-await-in-loop */
    }
  });

  it('leads from a scope to its entries, one key and what every node believes', async () => {
    await load('scopes', 'Scopes');
    await rows('Scopes', 'workers').waitFor();
    await tabTo('workers');
    await press('Enter');
    await heading('Entries');
    await page.getByRole('link', { name: "['worker', 'bob']", exact: true }).waitFor();
    await tabTo("['worker', 'bob']");
    await press('Enter');
    await heading('Key');
    await tabTo('What does every node believe?');
    await press('Enter');
    await heading('Explain');
    await page.getByText("Node 'bob' owns the key.", { exact: true }).waitFor();
    await page.waitForFunction('document.activeElement.tagName === "H1"');
    expect(await focused()).toBe('Explain');
  });

  it('keeps the focus in a search that is typed in, and shows what comes later', async () => {
    await load('entries?scope=notes', 'Entries');
    await tabTo('Match spec');
    await page.keyboard.type('{"key": ["typed", "$1"], "guards": [[">", "$1", 5]]}');
    await press('Enter');
    await page.getByText('0 entries found.', { exact: true }).waitFor();
    expect(await focused()).toBe('Match spec');
    for (const number of [5, 6]) await cluster.ask('bob', 'note', ['typed', number]);
    await page.getByText('1 entry found.', { exact: true }).waitFor();
    expect(await focused()).toBe('Match spec');
    await tabTo('Live');
    await press('Space');
    expect(await page.getByRole('checkbox', { name: 'Live' }).isChecked()).toBe(false);
    await tabTo('Entries');
    await press('End');
    expect(await focused()).toBe('Entries');
  });

  it('keeps the focus in the fields of names, events and explain', async () => {
    await load('names', 'Names');
    await tabTo('Name begins with');
    await page.keyboard.type('leader');
    await press('Enter');
    await eventually(() => page.evaluate('location.hash.includes("prefix=leader")'));
    expect(await focused()).toBe('Name begins with');

    await load('events', 'Events');
    await tabTo('Scope');
    await page.keyboard.type('notes');
    await press('Enter');
    await eventually(() => page.evaluate('location.hash.includes("scope=notes")'));
    expect(await focused()).toBe('Scope');
    await page.getByText('Nothing yet.', { exact: true }).waitFor();
    await eventually(async () => {
      await cluster.ask('bob', 'note', ['heard']);
      return (await rows('Events', "['heard']").count()) > 0;
    });
    await tabTo('Pause');
    await press('Space');
    expect(await focused()).toBe('Go on');
    await press('Enter');
    expect(await focused()).toBe('Pause');

    await load('explain', 'Explain');
    await tabTo('Scope');
    await press('Control+A');
    await page.keyboard.type('workers');
    await press('Tab');
    await page.keyboard.type('["worker","ada"]');
    await press('Enter');
    await page.getByText("Node 'ada' owns the key.", { exact: true }).waitFor();
    expect(await focused()).toBe('Key');
    expect(await page.getByLabel('Scope').inputValue()).toBe('workers');
  });

  it('asks the store about a name, and chooses nodes', async () => {
    await load('names', 'Names');
    await rows('Cluster names', 'leader').waitFor();
    await tabTo('Ask the store about "leader"');
    await press('Enter');
    await page.getByText(/bob holds it with token \d+/).waitFor();
    expect(await focused()).toBe('Ask the store about "leader"');

    for (const [hash, title] of [
      ['processes?node=ada', 'Processes'],
      ['entities?node=ada', 'Entities'],
      ['events?node=ada', 'Events'],
      ['entries?scope=workers&node=ada', 'Entries'],
    ] as const) {
      /* oxlint-disable no-await-in-loop -- there is one page */
      await load(hash, title);
      await page.getByRole('option', { name: 'bob', exact: true }).waitFor({ state: 'attached' });
      await page.evaluate('document.querySelector("select").focus()');
      await press('ArrowDown');
      await eventually(() => page.evaluate('location.hash.includes("node=bob")'));
      await eventually(async () => (await page.getByRole('combobox').first().inputValue()) === 'bob');
      expect(await page.evaluate('document.activeElement.tagName')).toBe('SELECT');
      /* oxlint-enable no-await-in-loop */
    }
  });

  it('opens a dialog, stays in it, and comes back to its button', async () => {
    await load('processes?node=bob', 'Processes');
    await rows('Processes', 'Worker').waitFor();
    const dialog = page.getByRole('dialog');
    await tabTo('Call');
    await press('Enter');
    await dialog.waitFor();
    const seen = new Set<string>();
    for (let stops = 0; stops < 12; stops += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      seen.add(await page.evaluate<string>('document.activeElement.closest("dialog, nav, .table")?.tagName'));
      // oxlint-disable-next-line no-await-in-loop
      await press('Tab');
    }
    // Behind its last field come the browser's own, and then its first one again.
    expect([...seen].filter((tag) => tag !== null)).toEqual(['DIALOG']);
    await press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await focused()).toBe('Call');

    await rows('Processes', 'Worker').getByRole('button', { name: 'Call', exact: true }).focus();
    await press('Space');
    await dialog.waitFor();
    expect(await focused()).toBe('Handler');
    await page.keyboard.type('work');
    await press('Tab');
    await page.keyboard.type('"it"');
    await press('Enter');
    await dialog.getByText('Done: "bob did it"', { exact: true }).waitFor();
    await tabTo('Close');
    await press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(await focused()).toBe('Call');
  });

  it('sorts a table, and goes to the heading when what had the focus has gone', async () => {
    await load('processes?node=bob&after=0', 'Processes');
    await tabTo('Mailbox');
    await press('Enter');
    await page.locator('th[aria-sort="descending"]', { hasText: 'Mailbox' }).waitFor();
    await press('Space');
    await page.locator('th[aria-sort="ascending"]', { hasText: 'Mailbox' }).waitFor();
    await page.getByRole('link', { name: 'First page', exact: true }).focus();
    await press('Enter');
    await page.getByRole('link', { name: 'First page', exact: true }).waitFor({ state: 'detached' });
    await eventually(async () => expect(await page.evaluate('document.activeElement.tagName')).toBe('H1'));
  });
});
