/** Debian's Chromium, and the page in it. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
/** Screenshots, for who looks at them: no test reads them. */
const shots = join(fileURLToPath(new URL('../../..', import.meta.url)), 'build', 'web-shots');
const WAIT_MS = 60_000;

export const WIDE = { width: 1280, height: 800 };
/** A phone. */
export const NARROW = { width: 360, height: 740 };

export function openBrowser(): Promise<Browser> {
  // Chromium's sandbox refuses root.
  const args = ['--disable-gpu', '--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return chromium.launch({ executablePath, args });
}

/** A tab of a visitor of its own, and what its console and its policy complained of. */
export class Tab {
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    readonly apiUrl: string,
  ) {
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, apiUrl: string, options: BrowserContextOptions = {}): Promise<Tab> {
    const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(WAIT_MS);
    return new Tab(await context.newPage(), apiUrl);
  }

  /** Goes there by address, and waits until it is live. */
  async show(path: string, name: string): Promise<void> {
    await this.page.goto(`${this.apiUrl}/ui/${path}`);
    await this.page.locator(`main[data-page="${name}"]`).waitFor();
    await this.connection('live');
  }

  connection(state: 'live' | 'reconnecting' | 'signed-out'): Promise<void> {
    return this.page.locator(`body[data-connection="${state}"]`).waitFor();
  }

  text(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor();
  }

  button(name: string | RegExp) {
    return this.page.getByRole('button', { name });
  }

  async shoot(name: string): Promise<void> {
    mkdirSync(shots, { recursive: true });
    await this.page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  }

  /** What axe calls serious or critical. */
  async barriers(): Promise<string[]> {
    // Not as a script of the page, whose policy would refuse it.
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate<AxeResults>('axe.run()');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help}: ${nodes
            .map(({ html }) => html)
            .slice(0, 3)
            .join(' ')}`,
      );
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Nothing is complained of; `except`: what a test has caused. */
  requireQuiet(except?: RegExp): void {
    assert.deepEqual(
      this.complaints.filter((complaint) => !except?.test(complaint)),
      [],
    );
  }
}
