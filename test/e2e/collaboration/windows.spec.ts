import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { describeInChromium, launchChromium } from '../../support/browser';
import { eventually } from '../../support/eventually';
import { workingMs } from '../../support/working-ms';
import { Figures } from '../faults/figures';
import { START_TIMEOUT_MS } from './collaboration-cluster';
import { DividedCluster } from './divided-cluster';
import { PersonAtPage } from './people';

/** What people see in their browsers while nodes are replaced, and do not see each other. What the nodes do is in holders.spec.ts. */
const IS_FULL = process.env['PG_REGISTRY_FAULTS'] === 'full';
const SPLIT_MS = IS_FULL ? 20_000 : 6000;
const RUNS = Array.from({ length: IS_FULL ? 10 : 1 }, (_, run) => run + 1);
const RECONNECT_MS = IS_FULL ? 1000 : 5000;
const PAGE_BUILD = join(__dirname, '../../../apps/collaboration/page/build.mjs');
/** Each person has a line, so that nobody types into the other one's words. */
const LINES = 'Ann: \nBob: ';

describeInChromium('two browser windows, in Chromium', () => {
  let divided: DividedCluster;
  let browser: Browser;
  let ann: PersonAtPage;
  let bob: PersonAtPage;
  const figures = new Figures();
  const reconnects: number[] = [];
  const heals: number[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, [PAGE_BUILD], { stdio: 'inherit' });
    [divided, browser] = await Promise.all([DividedCluster.start(), launchChromium()]);
    const { balancerUrl } = divided.cluster;
    ann = await PersonAtPage.open(browser, balancerUrl, 'Ann');
    bob = await PersonAtPage.open(browser, balancerUrl, 'Bob');
  }, START_TIMEOUT_MS);
  afterEach(async () => {
    await Promise.all([ann, bob].map((person) => person.stopTyping()));
    await Promise.all([ann, bob].map((person) => person.leave()));
    // The console of a browser reports each connection that was lost or could not be made, and these are.
    const other = [ann, bob]
      .flatMap((person) => person.complaints())
      .filter((line) => !/WebSocket|ERR_/.test(line));
    if (other.length > 0) throw new Error(`The console of a browser says: ${other.join('\n')}`);
  });
  afterAll(async () => {
    if (IS_FULL) {
      figures.addTimes('rolling restart of three nodes, longest reconnect of each window', reconnects);
      figures.addTimes("after a split, until each window showed the other half's words", heals);
    }
    figures.print();
    await browser?.close();
    await divided?.[Symbol.asyncDispose]();
  });

  /** Opens a document in both windows, and lets both people type. */
  async function bothType(document: string, annAt: string, bobAt: string): Promise<void> {
    const path = `/d/${encodeURIComponent(document)}`;
    await Promise.all([ann.goTo(new URL(path, annAt).href), bob.goTo(new URL(path, bobAt).href)]);
    await ann.standsAs('saved');
    await ann.pastes(LINES);
    await bob.reads(LINES);
    await Promise.all([ann.standsAs('saved'), bob.standsAs('saved')]);
    await Promise.all([ann.watchStandings(), bob.watchStandings()]);
    await ann.startTyping('a', 1);
    await bob.startTyping('b', 2);
  }

  /** Resolves when each window has shown the next words of the other one. */
  async function bothSeeMore(): Promise<void> {
    const next = (person: PersonAtPage, letter: string): string =>
      `${letter}${person.typed.split(';').length};`;
    await Promise.all([bob.sees(next(ann, 'a')), ann.sees(next(bob, 'b'))]);
  }

  /** Both people stop; both windows must show everything that was typed, saved, and one holder. Returns the text. */
  async function bothHaveAll(): Promise<string> {
    const [byAnn, byBob] = await Promise.all([ann.stopTyping(), bob.stopTyping()]);
    const text = `Ann: ${byAnn}\nBob: ${byBob}`;
    await Promise.all([ann.reads(text), bob.reads(text)]);
    await Promise.all([ann.standsAs('saved'), bob.standsAs('saved')]);
    const [one, other] = await Promise.all([ann.nodes(), bob.nodes()]);
    expect(one.heldBy).toMatch(/^node-\d$/);
    expect(other.heldBy).toBe(one.heldBy);
    return text;
  }

  it.each(RUNS)(
    'a rolling restart of three nodes under typing: no window reconnects for long, nothing is lost, and the document moves with its state (run %i)',
    async (run) => {
      const { cluster } = divided;
      const document = `rolling ${run}`;
      await bothType(document, cluster.balancerUrl, cluster.balancerUrl);
      await bothSeeMore();
      for (const { name } of cluster.nodes) {
        const before = cluster.node(name);
        cluster.kill(name, 'SIGTERM');
        await cluster.restarted(before);
        await bothSeeMore();
      }
      const text = await bothHaveAll();
      const gaps = await Promise.all([ann, bob].map((person) => person.longestStanding('reconnecting')));
      reconnects.push(...gaps);
      // Every node has been replaced, so both have reconnected.
      expect(Math.min(...gaps)).toBeGreaterThan(0);
      expect(workingMs(Math.max(...gaps))).toBeLessThan(RECONNECT_MS);
      // A node that cannot hand over says so.
      expect(cluster.output).not.toMatch(/entities (were not handed over|ended here)|took longer than|ERROR/);
      expect((await divided.stored(document))?.text ?? text).toBe(text);
    },
    300_000,
  );

  it.each(RUNS)(
    'a split with a writing window on both halves: at most one half writes rows, the other window says "not saved"; after the heal all edits are there, and one holder (run %i)',
    async (run) => {
      const { cluster, door } = divided;
      const document = `split ${run}`;
      await bothType(document, cluster.node('node-1').url, cluster.node('node-3').url);
      await bothSeeMore();
      door.silence();
      const startedAt = performance.now();
      // The half of the store takes over when the lease of the other one is over.
      await bob.standsAs('not-saved');
      await bob.page
        .getByRole('alert')
        .filter({ hasText: /^Not saved\. / })
        .waitFor();
      await eventually(async () => expect((await ann.nodes()).heldBy).toMatch(/^node-[12]$/));
      const early = await divided.stored(document);
      await bothTypeOn(startedAt);
      const byAnn = await ann.stopTyping();
      await ann.standsAs('saved');
      const late = await divided.stored(document);
      // Without PostgreSQL nobody sees the rows.
      const [, saved = ''] = early?.text.split('\nBob: ') ?? [];
      const rows = `Ann: ${byAnn}\nBob: ${saved}`;
      expect(late?.text ?? rows).toBe(rows);
      expect(bob.typed.length).toBeGreaterThan(saved.length);
      const { tokens } = late ?? { tokens: [] };
      expect(tokens).toEqual(tokens.toSorted((one, other) => one - other));
      expect(await bob.page.locator('[data-standing="not-saved"]').count()).toBe(1);
      await bob.page.getByText('Served by node-3, held by no node yet').waitFor();
      ann.goOnTyping('a');
      const healedAt = performance.now();
      door.open();
      await bothSeeMore();
      heals.push(performance.now() - healedAt);
      const text = await bothHaveAll();
      expect((await divided.stored(document))?.text ?? text).toBe(text);
    },
    300_000,
  );

  /** Lets both type until the split has lasted long enough. */
  async function bothTypeOn(since: number): Promise<void> {
    const [atAnn, atBob] = [ann.typed.length, bob.typed.length];
    await eventually(
      () => performance.now() - since > SPLIT_MS && ann.typed.length > atAnn && bob.typed.length > atBob,
    );
  }
});
