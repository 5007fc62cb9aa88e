import { connect, type NatsConnection } from 'nats';
import { localTransport, natsTransport, PgRegistryNode } from 'nestjs-pg-registry';
import type { Browser, Page } from 'playwright-core';
import { describeInChromium, launchChromium, openPage } from '../../support/browser';
import { eventually } from '../../support/eventually';
import { natsClientOf } from '../../support/nats-client-of';
import { ObservedCluster } from './observed-cluster';

const MARKUP = '<img src=x onerror="document.title=1">';
/** Turns the direction of writing, rings, and ends a terminal's line. */
const CONTROLS = '\u202E\u0007\u001B[31m\u0085';
const NAME = `evil ${MARKUP}${CONTROLS}`;
const TOKEN = `=${Buffer.from(NAME).toString('base64url')}`;
const KEYS = [
  'k'.repeat(8000),
  `${MARKUP}${CONTROLS}`,
  Array.from({ length: 12 }).reduce<readonly unknown[]>((inner) => [inner], []),
  Array.from({ length: 2000 }, (_, i) => i),
];
const many = <T>(count: number, of: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => of(i));
const peerOf = (node: string) => ({ node, incarnation: '', state: 'ready', suspect: false });
const LONG = CONTROLS.repeat(1500);
const FACT = {
  node: NAME,
  incarnation: LONG,
  state: LONG,
  version: LONG,
  nodeVersion: '',
  protocol: [-1e300, 1e300],
  server: LONG,
  connected: true,
  problem: LONG,
  crashDetection: LONG,
  startedAt: -1e300,
  clock: 1e300,
  cpu: 1e300,
  heapBytes: -1,
  rssBytes: 1e300,
  processes: 1e300,
  entities: -1,
  names: 0.5,
  inFlight: 1e300,
  watches: [LONG],
  peers: [],
  scopes: 1e300,
};
const change = (i: number) => ({
  number: i,
  at: 1e300,
  type: LONG.slice(0, 300),
  scope: MARKUP,
  key: MARKUP,
  keyText: MARKUP,
  pid: '',
  node: NAME,
  entries: 1e300,
  revision: -1,
  cause: MARKUP,
});
const scopeOf = (scope: string) => ({
  scope,
  keys: 'duplicate',
  entries: 1e300,
  local: 1e300,
  last: 1e300,
  followers: 0,
  syncedAt: 1e300,
  streams: [],
});
const wellFormed = (answers: Readonly<Record<string, unknown>>) => (ask: string) =>
  JSON.stringify({ v: 1, ok: ask in answers ? answers[ask] : { ...FACT, peers: [] } });
let page200 = 0;

/** What the hostile node answers to a question; undefined: nothing. */
const ATTACKS: Readonly<Record<string, (ask: string) => string | undefined>> = {
  'nothing at all': () => undefined,
  'what is no JSON': () => '\u0000\uFFFF{',
  'JSON of a hundred thousand levels': () => `{"v":1,"ok":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  'long and impossible figures': wellFormed({
    changes: many(300, change),
    events: { node: NAME, events: many(300, change), skipped: 1e300 },
  }),
  'eight thousand invented nodes': wellFormed({
    node: {
      ...FACT,
      incarnation: '',
      version: '',
      state: '',
      server: '',
      problem: '',
      watches: [],
      peers: many(8000, (i) => peerOf(`invented-${i}`)),
    },
  }),
  'ten thousand invented scopes': (ask) =>
    ask === 'scopes'
      ? JSON.stringify({
          v: 1,
          ok: many(200, (i) => scopeOf(`scope-${(page200 += i === 0 ? 1 : 0) + 1000}-${i + 1000}`)),
        })
      : wellFormed({})(ask),
};

const LONGEST_FRAME = `new Promise((resolve) => {
  const begun = performance.now();
  let [last, longest] = [begun, 0];
  const frame = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    if (now - begun > 2500) resolve(longest);
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

describeInChromium('the page, in a cluster with a hostile node', () => {
  let cluster: ObservedCluster;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let evil: PgRegistryNode;
  let connection: NatsConnection;
  let attack = ATTACKS['nothing at all'];
  let asked = 0;

  beforeAll(async () => {
    [cluster, browser] = await Promise.all([
      ObservedCluster.start({ names: ['ada', 'bob'] }),
      launchChromium(),
    ]);
    // The node itself is as others are; its answers to those who look are not its own.
    evil = new PgRegistryNode(
      {
        node: NAME,
        observer: false,
        scopes: ['docs'],
        maxKeyBytes: 60_000,
        transport: natsTransport({ servers: cluster.broker, client: natsClientOf('evil') }),
      },
      { defaultTransport: localTransport },
    );
    await evil.connect();
    for (const key of KEYS)
      evil.scope('docs').register(key as string, { text: `${MARKUP}${CONTROLS}`.repeat(500) });
    connection = await connect({ servers: cluster.broker });
    connection.subscribe(`pgr.*.to.${TOKEN}.ask.>`, {
      callback: (_, message) => {
        const { ask } = JSON.parse(message.string()) as { ask: string };
        asked += 1;
        const answer = attack(ask);
        if (answer !== undefined) message.respond(Buffer.from(answer));
      },
    });
    await connection.flush();
    await eventually(async () => (await cluster.ask('ada', 'count')) === KEYS.length);
    ({ page, complaints } = await openPage(browser, cluster.url('ada'), {
      viewport: { width: 1280, height: 900 },
    }));
    page.setDefaultTimeout(30_000);
  });
  afterAll(async () => {
    await browser?.close();
    await evil?.close();
    await connection?.close();
    await cluster?.stop();
  });

  async function go(hash: string, heading: string): Promise<void> {
    await page.evaluate(`void (location.hash = ${JSON.stringify(hash)})`);
    await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  }
  const row = (table: string, text: string | RegExp) =>
    page.getByRole('region', { name: table, exact: true }).getByRole('row').filter({ hasText: text });
  const from = encodeURIComponent(NAME);

  it.each(Object.keys(ATTACKS))(
    'lives and shows the others if that answers %s',
    async (name) => {
      attack = ATTACKS[name];
      asked = 0;
      const before = (await cluster.ask('ada', 'memory')) as number;
      await go('#cluster', 'Cluster');
      await page.reload();
      await row('Nodes', /^ada.*4\.2\.0/).waitFor();
      await row('Nodes', /^bob.*4\.2\.0/).waitFor();
      let longest = Infinity;
      for (let windows = 0; windows < 3 && longest >= 200; windows += 1)
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        longest = Math.min(longest, await page.evaluate<number>(LONGEST_FRAME));
      await go('#scopes', 'Scopes');
      await row('Scopes', /^(?:docs|The first 500 of)/)
        .first()
        .waitFor();
      await go(`#processes?node=${from}`, 'Processes');
      await go(`#events?node=${from}`, 'Events');
      await go('#explain?scope=docs&key="nothing"', 'Explain');
      await row('Beliefs', /^bob/).waitFor();
      await go('#entries?scope=docs', 'Entries');
      await page.getByText('docs, 4 entries at ada').waitFor();
      expect(asked).toBeGreaterThan(5);
      expect(await page.title()).not.toBe('1');
      expect(await page.locator('img, main script').count()).toBe(0);
      // The browser says what requests failed; nothing else may.
      const failures = complaints.splice(0).filter((text) => !text.startsWith('Failed to load resource'));
      expect(failures).toEqual([]);
      expect(longest).toBeLessThan(200);
      expect(((await cluster.ask('ada', 'memory')) as number) - before).toBeLessThan(200_000_000);
    },
    120_000,
  );
});
