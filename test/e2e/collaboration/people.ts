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

/** One person in front of a browser, in one document or in the list of documents. */
export class PersonAtPage {
  /** The browser's page. */
  readonly page: Page;
  readonly #complaints: string[];

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
