import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/**
 * Like `describe`, for tests that need Chromium: skipped where there is none, and the output says so. `npm test` installs it if it is
 * allowed to.
 */
export function describeInChromium(title: string, tests: () => void): void {
  if (findChromium() === undefined) {
    process.stderr.write(
      `SKIPPED, for there is no Chromium (CHROMIUM_BIN, or chromium on the PATH): ${title}\n`,
    );
  }
  (findChromium() === undefined ? describe.skip : describe)(title, tests);
}

/** Starts Chromium without a window, with an empty profile and without any request of its own. The test must close it. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('There is no Chromium.');
  return chromium.launch({
    executablePath,
    args: [
      // Chromium's sandbox does not work for root, which CI often is. It loads nothing but the pages of the test.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page of its own browser profile, which keeps what the page complained about. */
export interface WatchedPage {
  /** The page. */
  readonly page: Page;
  /** Errors of scripts and of the console, which includes each breach of the content security policy. */
  readonly complaints: string[];
}

/** Opens a page with a profile of its own, as another person's browser would. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  // A page may ask whether to leave without saving. The test means it.
  page.on('dialog', (dialog) => void dialog.accept());
  await page.goto(url);
  return { page, complaints };
}

interface Violation {
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe finds wrong for people who see little or use no mouse, one line each. @param rules Only these of its rules. */
export async function accessibilityFaults(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'axe' in window")))
    await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  // What is well need not be described.
  const options = { resultTypes: ['violations'], ...(rules !== undefined && { runOnly: rules }) };
  const { violations } = await page.evaluate<{ violations: readonly Violation[] }>(
    `axe.run(${JSON.stringify(options)})`,
  );
  return violations.map(({ help, nodes }) => `${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}

function findChromium(): string | undefined {
  const given = process.env['CHROMIUM_BIN'];
  if (given !== undefined && given !== '') return given;
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  return directories.map((directory) => join(directory, 'chromium')).find((file) => existsSync(file));
}
