import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openPage } from '../../support/browser';
import { eventually } from '../../support/eventually';

/** A program for the page: the text as the editor shows it. A text itself, for tests are compiled without the types of browsers. */
const SHOWN_TEXT = `
  [...(document.querySelector('.editor')?.shadowRoot?.querySelectorAll('.cm-line') ?? [])]
    .map((line) => {
      const copy = line.cloneNode(true);
      for (const drawn of copy.querySelectorAll('.remote-caret, .cm-placeholder')) drawn.remove();
      return copy.textContent;
    })
    .join('\\n')`;

/** A program for the page: notes from now on how the document stands, and for how long. */
const WATCH_STANDINGS = `{
  const noted = [];
  const now = () => document.querySelector('[data-standing]')?.dataset.standing;
  const note = () => {
    const kind = now();
    if (kind !== undefined && kind !== noted.at(-1)?.kind) noted.push({ kind, since: performance.now() });
  };
  note();
  new MutationObserver(note).observe(document.querySelector('#page'), {
    subtree: true, childList: true, attributes: true, attributeFilter: ['data-standing'],
  });
  window.longestStanding = (asked) => noted.reduce((longest, { kind, since }, i) =>
    kind === asked ? Math.max(longest, (noted[i + 1]?.since ?? performance.now()) - since) : longest, 0);
}`;

/** How long a person takes for a key, in milliseconds. */
const KEY_MS = 15;

/** One person in front of a browser, in one document or in the list of documents. */
export class PersonAtPage {
  /** The browser's page. */
  readonly page: Page;
  readonly #complaints: string[];
  #typing: { goesOn: boolean; readonly ended: Promise<void> } | undefined;
  /** What the person has typed since {@link startTyping}. */
  typed = '';

  private constructor(page: Page, complaints: string[]) {
    this.page = page;
    this.#complaints = complaints;
  }

  /** Opens a page in a new browser profile and gives the name that it asks for. */
  static async open(
    browser: Browser,
    url: string,
    name: string,
    options: BrowserContextOptions = {},
  ): Promise<PersonAtPage> {
    const { page, complaints } = await openPage(browser, url, options);
    await page.getByRole('textbox', { name: 'Your name' }).fill(name);
    await page.keyboard.press('Enter');
    await page.getByRole('main').waitFor();
    // Each node is another origin, and would ask again. A page without an origin has no storage.
    const user = JSON.stringify({ name, color: '#3b5bdb' });
    await page.addInitScript(
      `try { localStorage['collaboration.user'] ??= ${JSON.stringify(user)}; } catch {}`,
    );
    return new PersonAtPage(page, complaints);
  }

  /** Goes to another page in the same browser profile, which knows the name. */
  async goTo(url: string): Promise<this> {
    await this.page.goto(url);
    return this;
  }

  /** Leaves the application, as closing its window does. The profile stays. */
  async leave(): Promise<void> {
    await this.page.goto('about:blank');
  }

  /**
   * Returns, and forgets, what the console has said so far: errors of scripts and of the network, and each breach of the content
   * security policy.
   */
  complaints(): string[] {
    return this.#complaints.splice(0);
  }

  /** The text as the editor shows it, without the others' cursors. */
  text(): Promise<string> {
    return this.page.evaluate(SHOWN_TEXT);
  }

  /** Waits until the editor shows exactly this. */
  async reads(expected: string): Promise<void> {
    await eventually(async () => {
      const text = await this.text();
      if (text !== expected) throw new Error(`the editor shows ${JSON.stringify(text)}`);
    });
  }

  /** Waits, within the page, until the editor shows this somewhere. Returns after at most one frame of the screen. */
  async sees(part: string): Promise<void> {
    await this.page.evaluate(`new Promise((resolve) => {
      const look = () => (${SHOWN_TEXT}).includes(${JSON.stringify(part)}) ? resolve() : requestAnimationFrame(look);
      look();
    })`);
  }

  /** Puts the cursor at the end of the text and types. */
  async writes(text: string): Promise<void> {
    await this.page.locator('.cm-content').focus();
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(text);
  }

  /**
   * Puts the cursor at the end of a line and types numbered words there, key by key, until {@link stopTyping}: `a0;a1;`.
   *
   * @param line From 1.
   */
  async startTyping(letter: string, line: number): Promise<void> {
    const { keyboard } = this.page;
    await this.page.locator('.cm-content').focus();
    await keyboard.press('Control+Home');
    // oxlint-disable-next-line no-await-in-loop -- one key after the other
    for (let down = 1; down < line; down += 1) await keyboard.press('ArrowDown');
    await keyboard.press('End');
    this.typed = '';
    this.goOnTyping(letter);
  }

  /** Goes on typing after {@link stopTyping} where that was. */
  goOnTyping(letter: string): void {
    const typing = { goesOn: true, ended: Promise.resolve() };
    typing.ended = this.#type(letter, () => typing.goesOn);
    this.#typing = typing;
  }

  /** Stops it after the present word, and returns everything that was typed. */
  async stopTyping(): Promise<string> {
    if (this.#typing !== undefined) this.#typing.goesOn = false;
    await this.#typing?.ended;
    return this.typed;
  }

  async #type(letter: string, goesOn: () => boolean): Promise<void> {
    for (let word = this.typed.split(';').length - 1; goesOn(); word += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one word after the other
      await this.page.keyboard.type(`${letter}${word};`, { delay: KEY_MS });
      this.typed += `${letter}${word};`;
    }
  }

  /** Notes from now on how the document stands in this window. */
  async watchStandings(): Promise<void> {
    await this.page.evaluate(WATCH_STANDINGS);
  }

  /** The longest time that the document stood so since {@link watchStandings}, in milliseconds. */
  async longestStanding(kind: string): Promise<number> {
    return await this.page.evaluate<number>(`window.longestStanding(${JSON.stringify(kind)})`);
  }

  /** The node that serves this window, and the one that holds the document, as it shows them. */
  async nodes(): Promise<{ readonly servedBy: string | undefined; readonly heldBy: string | undefined }> {
    const text = await this.page.getByText(/^Served by /).textContent();
    const [, servedBy, heldBy] = /^Served by (\S+), held by (\S+)$/.exec(text ?? '') ?? [];
    return { servedBy, heldBy };
  }

  /** Puts the cursor at the end of the text and inserts a long one at once. */
  async pastes(text: string): Promise<void> {
    await this.page.locator('.cm-content').focus();
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.insertText(text);
  }

  /** Waits until the document stands so: `saved`, `saving`, `reconnecting` and so on. */
  async standsAs(expected: string): Promise<void> {
    await this.page.locator(`[data-standing="${expected}"]`).waitFor({ state: 'attached' });
  }
}
