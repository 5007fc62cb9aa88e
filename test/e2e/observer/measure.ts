/**
 * `npm run measure:observer`: what one open page costs the node that serves it, for each screen: processor time beyond what the node uses
 * while nobody looks, before, between and after the screens, and bytes to the browser. Three nodes in processes of their own with 100,000 entries, one nats-server, Chromium with a profile of its
 * own. `--seconds N` says how long each screen is looked at (default 20), `--screen TEXT` which. It ends with status 1 if a screen takes more
 * than 1 % of a core or 100 KB/s.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { launchChromium } from '../../support/browser';
import { eventually } from '../../support/eventually';
import { ObservedCluster } from './observed-cluster';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, screen: { type: 'string', default: '' } },
});
const MS = Number(values.seconds) * 1000;
const ENTRIES = 100_000;
/** One page costs less than an idle node's load varies, so as many are open, and the cost is divided. */
const PAGES = 10;
const SETTLE_MS = 3000;
const MOST_CPU = 0.01;
const MOST_BYTES = 100_000;

const SCREENS = [
  'cluster',
  'scopes',
  'entries?scope=docs',
  'entries?scope=docs&prefix=["doc",777]',
  'key?scope=docs&key=["doc",1]',
  'processes',
  'names',
  'entities',
  'events',
  'explain?scope=docs&key=["doc",1]',
].filter((screen) => screen.startsWith(values.screen));

interface Look {
  readonly screen: string;
  readonly load: number;
  readonly perSecond: number;
}

/** Counts what comes over the network, heads included. */
async function meterOf(page: Page): Promise<{ bytes: number }> {
  const meter = { bytes: 0 };
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.dataReceived', ({ encodedDataLength }) => (meter.bytes += encodedDataLength));
  session.on(
    'Network.responseReceivedExtraInfo',
    ({ headersText = '' }) => (meter.bytes += headersText.length),
  );
  return meter;
}

/** Processor time of the node that serves the page, in milliseconds for each millisecond. */
async function loadOf(cluster: ObservedCluster): Promise<number> {
  const before = (await cluster.ask('ada', 'cpu')) as number;
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, MS));
  return (((await cluster.ask('ada', 'cpu')) as number) - before) / (performance.now() - begun);
}

async function measure(): Promise<boolean> {
  const cluster = await ObservedCluster.start();
  const browser = await launchChromium();
  try {
    await cluster.ask('cyd', 'fill', ENTRIES);
    await eventually(async () => (await cluster.ask('ada', 'count')) === ENTRIES);
    await cluster.ask('bob', 'claim', 'leader');
    await cluster.ask('bob', 'callEntity', 'acme');
    const pages: Page[] = [];
    const meters: { readonly bytes: number }[] = [];
    while (pages.length < PAGES) {
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
      pages.push(page);
      meters.push(await meterOf(page));
    }
    const bytes = (): number => meters.reduce((sum, meter) => sum + meter.bytes, 0);
    const look = async (screen: string): Promise<Look> => {
      await Promise.all(
        pages.map(async (page) => {
          await page.goto(screen === '' ? 'about:blank' : `${cluster.url('ada')}#${screen}`);
          if (screen !== '') await page.getByRole('heading', { level: 1 }).waitFor();
        }),
      );
      // The first look is not what an open page costs, and what is left of the one before is collected.
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const before = bytes();
      const load = await loadOf(cluster);
      return { screen, load, perSecond: ((bytes() - before) / MS) * 1000 };
    };
    const looks: Look[] = [];
    const idle: number[] = [];
    for (const [at, screen] of SCREENS.entries()) {
      if (at % 3 === 0) idle.push((await look('')).load);
      looks.push(await look(screen));
    }
    idle.push((await look('')).load);
    return report(looks, idle);
  } finally {
    await browser.close();
    await cluster.stop();
  }
}

/** Writes the table. Returns whether every screen is within the limits. */
function report(looks: readonly Look[], idle: readonly number[]): boolean {
  const percent = (part: number): string => (part * 100).toFixed(2);
  const mean = idle.reduce((sum, one) => sum + one, 0) / idle.length;
  console.log('| screen | % of a core | KB/s |');
  console.log('| --- | ---: | ---: |');
  for (const { screen, load, perSecond } of looks)
    console.log(
      `| ${screen} | ${percent((load - mean) / PAGES)} | ${(perSecond / PAGES / 1000).toFixed(1)} |`,
    );
  console.log(`\nWhile nobody looks: ${percent(mean)} % of a core (${idle.map(percent).join(', ')})`);
  return looks.every(
    ({ load, perSecond }) => (load - mean) / PAGES <= MOST_CPU && perSecond / PAGES <= MOST_BYTES,
  );
}

async function main(): Promise<void> {
  process.exitCode = (await measure()) ? 0 : 1;
}

void main();
