import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { accessibilityFaults, describeInChromium, launchChromium, openPage } from '../../support/browser';
import { eventually } from '../../support/eventually';
import { workingMs } from '../../support/working-ms';
import { ObservedCluster } from './observed-cluster';
import { proxyTo } from './proxy';

const ENTRIES = 100_000;
/** Two hundred pages take longer where the machine is busy. */
const LONG_MS = 120_000;
const MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
/** Where screenshots go, if somebody wants them. */
const { OBSERVER_SCREENSHOTS: shots = '' } = process.env;

describeInChromium('the page of the observer, in Chromium', () => {
  let cluster: ObservedCluster;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let expectedComplaints: RegExp | undefined;

  beforeAll(async () => {
    [cluster, browser] = await Promise.all([ObservedCluster.start(), launchChromium()]);
    ({ page, complaints } = await openPage(browser, cluster.url('ada'), {
      viewport: { width: 1280, height: 900 },
    }));
    page.setDefaultTimeout(55_000);
    await cluster.ask('bob', 'register', ['doc', MARKUP], { html: MARKUP });
    await cluster.ask('bob', 'claim', 'leader');
    for (const key of ['acme', 'globex']) {
      // One after the other: each is placed.
      // oxlint-disable-next-line no-await-in-loop
      await cluster.ask('ada', 'callEntity', key);
    }
  });

  afterAll(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  afterEach(() => {
    const found = complaints
      .splice(0)
      .filter((complaint) => expectedComplaints?.test(complaint) !== true && !BUSY.test(complaint));
    expectedComplaints = undefined;
    if (found.length > 0) throw new Error(`The console of the browser says: ${found.join('\n')}`);
  });

  async function go(hash: string, heading: string): Promise<void> {
    await page.evaluate(`void (location.hash = ${JSON.stringify(hash)})`);
    await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  }

  const row = (table: string, text: string | RegExp) =>
    page.getByRole('region', { name: table, exact: true }).getByRole('row').filter({ hasText: text });

  /** Waits until the timeline says so. It may say it twice: a node can be suspected again. */
  async function happened(what: string): Promise<void> {
    await page.getByRole('list').getByText(what).first().waitFor();
  }

  async function shoot(name: string): Promise<void> {
    if (shots === '') return;
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name}.png`) });
  }

  it('shows every node, its state and what it says of itself', async () => {
    for (const name of ['ada', 'bob', 'cyd']) {
      // oxlint-disable-next-line no-await-in-loop
      await row('Nodes', new RegExp(`^${name}ready4\\.2\\.0`)).waitFor();
    }
    await page.getByRole('img', { name: 'Map of the cluster: 3 ready' }).waitFor();
    expect(await row('Nodes', /^(?:ada|bob|cyd)/).count()).toBe(3);
    // Who watches whom: with three nodes, each watches both others.
    await eventually(async () => (await page.locator('.map .ring').count()) === 3);
    await row('Nodes', /^ada.*(?:bob, cyd|cyd, bob)/).waitFor();
    await happened('bob joined');
    await shoot('cluster');
  });

  it('leads from scopes to entries and to one key, with markup in keys and values shown as text', async () => {
    await go('#scopes', 'Scopes');
    await row('Scopes', /^docs1duplicate3yes/).waitFor();
    await page.getByRole('link', { name: 'docs', exact: true }).click();
    await page.getByText('docs, 1 entry at ada').waitFor();
    await page.getByRole('link', { name: MARKUP }).click();
    await page.getByRole('heading', { name: '1 entry, as ada has them' }).waitFor();
    expect(await page.getByLabel('Value').textContent()).toBe(JSON.stringify({ html: MARKUP }, undefined, 2));
    await row('Changes of the key', /join(?:peer|sync)/)
      .first()
      .waitFor();
    expect(await page.locator('img, main script').count()).toBe(0);

    await page.getByRole('link', { name: 'What does every node believe?' }).click();
    await page.getByText("Node 'bob' owns the key.").waitFor();
    await page.getByText('All nodes that answer agree with the owners.').waitFor();
    await row('Beliefs', /^bobowner/).waitFor();
    await row('Beliefs', /^cydagrees/).waitFor();
    await shoot('explain');
  });

  it('shows processes and handlers, cluster names and entities', async () => {
    await go('#processes?node=bob', 'Processes');
    await row('Processes', 'Worker').waitFor();
    await row('Processes', 'Worker').getByRole('button', { name: 'Call', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Handler', exact: true }).fill('work');
    await dialog.getByLabel('Payload as JSON', { exact: true }).fill('"it"');
    await dialog.getByRole('button', { name: 'Call', exact: true }).click();
    await dialog.getByText('Done: "bob did it"', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    await row('Handlers', /^Worker\.work1/).waitFor();
    await page.getByRole('button', { name: 'Handled', exact: true }).click();
    await page.locator('th[aria-sort="descending"]', { hasText: 'Handled' }).waitFor();

    await go('#names', 'Names');
    await row('Cluster names', /^'leader'bob/).waitFor();
    await page.getByRole('button', { name: 'Ask the store about "leader"' }).click();
    await page.getByText(/bob holds it with token \d+/).waitFor();

    await go('#entities', 'Entities');
    const lives: string[] = [];
    for (const node of ['ada', 'bob', 'cyd']) {
      /* oxlint-disable no-await-in-loop -- there is one page */
      await page.getByRole('combobox', { name: 'Node', exact: true }).selectOption(node);
      await page
        .getByRole('region', { name: 'Entities', exact: true })
        .getByText(/No entity lives there\.|'acme'|'globex'/)
        .first()
        .waitFor();
      lives.push(...(await row('Entities', 'ledger').allTextContents()));
      /* oxlint-enable no-await-in-loop */
    }
    const keys = new Set(lives.map((text) => /'(\w+)'/.exec(text)?.[1]));
    expect([keys, lives.length]).toEqual([new Set(['acme', 'globex']), 2]);
  });

  it('scrolls 100,000 entries to the end, and searches them', async () => {
    await cluster.ask('cyd', 'fill', ENTRIES);
    await eventually(async () => (await cluster.ask('ada', 'count')) === ENTRIES + 1);
    await go('#entries?scope=docs', 'Entries');
    await page.getByText('docs, 100,001 entries at ada').waitFor();
    const entries = page.getByRole('region', { name: 'Entries', exact: true });
    await entries.getByText("['doc', 3]", { exact: true }).waitFor();
    await entries.focus();
    await page.keyboard.press('End');
    await page.getByText('100,001 of 100,001 loaded.').waitFor({ timeout: LONG_MS });
    await entries.getByText(`['doc', ${ENTRIES - 1}]`, { exact: true }).waitFor();
    expect(await entries.getByRole('row').count()).toBeLessThan(120);

    await page.getByLabel('Key begins with').fill('["doc", 77777]');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('1 entry found.', { exact: true }).waitFor({ timeout: LONG_MS });
    await entries.getByText('Document 77777').waitFor();

    await page.getByLabel('Key begins with').fill('');
    await page
      .getByLabel('Match spec')
      .fill('{"key": ["doc", "$1"], "guards": [[">=", "$1", 99990], ["<", "$1", 100000]]}');
    await page.keyboard.press('Enter');
    await page.getByText('10 entries found.', { exact: true }).waitFor({ timeout: LONG_MS });
    await entries.getByText('Document 99995').waitFor();

    await page.getByLabel('Match spec').fill('{"key":');
    await page.keyboard.press('Enter');
    await page.getByText('The match spec is no JSON').waitFor();
    expect(await entries.getByRole('row').count()).toBe(11);
  }, 300_000);

  it('shows what changes while one looks at a search', async () => {
    await go(`#entries?scope=notes&prefix=${encodeURIComponent('["late"]')}`, 'Entries');
    await page.getByText('0 entries found.', { exact: true }).waitFor();
    await cluster.ask('bob', 'note', ['late', 1]);
    await page.getByText('1 entry found.', { exact: true }).waitFor();
    expect(await page.getByRole('link', { name: "['late', 1]", exact: true }).count()).toBe(1);
  });

  it('stays quick in a flood of 10,000 events a second, and says that it shows a sample', async () => {
    await go('#events?scope=docs', 'Events');
    await page.getByText('Nothing yet.').waitFor();
    await cluster.ask('ada', 'flood', 10_000);
    await page.getByText('There are too many to show: this is a sample.').waitFor();
    // A page that is too slow is so in each window; a machine that does something else for a moment, or all the time, is not.
    let longest = Infinity;
    for (let windows = 0; windows < 3 && longest >= 200; windows += 1)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      longest = Math.min(longest, workingMs(await page.evaluate<number>(LONGEST_FRAME)));
    await shoot('events');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await cluster.ask('ada', 'stopFlood');
    const first = await row('Events', 'update').first().textContent();
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    // An event of the second in which the flood ended may still be left out of the sample.
    let registered = 0;
    await eventually(async () => {
      await cluster.ask('ada', 'register', `after ${registered++}`, 1);
      return (await row('Events', "'after ").count()) > 0;
    });
    expect(first).toContain("'flood'");
    await page.getByLabel('Show only what has').fill('join');
    await eventually(async () => (await row('Events', 'update').count()) === 0);
    expect(longest).toBeLessThan(200);
  });

  it('works behind a proxy at another path, events included', async () => {
    const proxy = await proxyTo(cluster.url('ada'), '/behind/a/proxy');
    const behind = await openPage(browser, `${proxy.url}/#events?scope=docs`);
    await behind.page.getByText('Nothing yet.', { exact: true }).waitFor();
    await eventually(async () => {
      await cluster.ask('ada', 'register', 'through the proxy', 1);
      return (await behind.page.getByText("'through the proxy'", { exact: true }).count()) > 0;
    });
    expect(behind.complaints).toEqual([]);
    await behind.page.context().close();
    await proxy.close();
  });

  it(
    'has no faults that axe finds, in light and dark, wide and narrow',
    async () => {
      const faults: string[] = [];
      for (const [hash, heading] of SCREENS) {
        for (const [colorScheme, width] of [
          ['light', 1280],
          ['light', 400],
          ['dark', 1280],
          ['dark', 400],
        ] as const) {
          /* oxlint-disable no-await-in-loop -- there is one page */
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 900 });
          await go(hash, heading);
          // What differs in the dark are the colours.
          const found = await accessibilityFaults(
            page,
            colorScheme === 'dark' ? ['color-contrast'] : undefined,
          );
          faults.push(...found.map((fault) => `${heading}, ${colorScheme}, ${width}: ${fault}`));
          const overflow = await page.evaluate<number>(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          if (overflow > 0) faults.push(`${heading} is ${overflow} pixels wider than ${width}`);
          await shoot(`${heading}-${colorScheme}-${width}`);
          /* oxlint-enable no-await-in-loop */
        }
      }
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 1280, height: 900 });
      expect(faults).toEqual([]);
    },
    LONG_MS,
  );

  it('can be used with the keyboard alone', async () => {
    await go('#cluster', 'Cluster');
    await page.reload();
    await row('Nodes', /^ada/).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Scopes', exact: true }).waitFor();
    // The heading is there before it gets the focus.
    await page.waitForFunction('document.activeElement.tagName === "H1"');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Scope');
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="ascending"]', { hasText: 'Scope' }).waitFor();
  });

  it('shows how a node dies: it turns, it goes, and the timeline says why', async () => {
    await go('#cluster', 'Cluster');
    await row('Nodes', /^cydready/).waitFor();
    cluster.nodes.get('cyd')!.kill('SIGKILL');
    await happened('cyd is suspected: crash');
    await happened('cyd was removed: crash');
    await row('Nodes', /^cydgone/).waitFor();
    await page.getByRole('img', { name: 'Map of the cluster: 2 ready, 1 gone' }).waitFor();
    expect(await row('Nodes', 'ready').count()).toBe(2);
    await shoot('cluster-crash');
  });

  it('drains a node, when that was confirmed', async () => {
    await row('Nodes', /^bob/).getByRole('button', { name: 'Drain', exact: true }).click();
    await page.getByRole('dialog').getByText('Drain bob?').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
    await page.getByRole('dialog').getByText('Done.', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await row('Nodes', /^bobdraining/).waitFor();
    expect(cluster.nodes.get('bob')!.output).toBe('');
  });

  it('lets its application end within 500 ms, with three pages open', async () => {
    const pages = await Promise.all(
      ['cluster', 'events', 'entries?scope=docs'].map((hash) =>
        openPage(browser, `${cluster.url('bob')}#${hash}`),
      ),
    );
    for (const open of pages) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is easier to read
      await open.page.getByRole('heading', { level: 1 }).waitFor();
    }
    await pages[1].page.getByText('Nothing yet.', { exact: true }).waitFor();
    expect(await cluster.ask('bob', 'close')).toBeLessThan(500);
    await Promise.all(pages.map((open) => open.page.context().close()));
  });

  it('says that its node does not answer any more', async () => {
    expectedComplaints = /Failed to load resource/;
    cluster.nodes.get('ada')!.kill('SIGKILL');
    await page.getByText('This node does not answer any more.').first().waitFor();
    expect(await row('Nodes', /^ada/).count()).toBe(1);
  });
});

/** A node on a busy machine may say that it is asked too much; the page asks again. */
const BUSY = /status of 50[23]/;
/** The longest time between two frames in three seconds, in milliseconds. */
const LONGEST_FRAME = `new Promise((resolve) => {
  const begun = performance.now();
  let [last, longest] = [begun, 0];
  const frame = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    if (now - begun > 3000) resolve(longest);
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

const SCREENS = [
  ['#cluster', 'Cluster'],
  ['#scopes', 'Scopes'],
  ['#entries?scope=docs', 'Entries'],
  ['#key?scope=workers&key=["worker","bob"]', 'Key'],
  ['#processes', 'Processes'],
  ['#names', 'Names'],
  ['#entities', 'Entities'],
  ['#events', 'Events'],
  ['#explain?scope=workers&key=["worker","bob"]', 'Explain'],
] as const;
