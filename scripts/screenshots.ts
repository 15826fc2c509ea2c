/**
 * `npm run screenshots`: the pictures of the README, taken from the built app with the sample site, in light and dark.
 * Writes docs/images/{source-vms,publish}-{light,dark}.png, 1280 × 800.
 */
import { mkdir, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { SourceVmsPage } from '../tests/e2e/pages/source-vms.page.ts';
import { RunningApp } from '../tests/e2e/support/app.ts';
import { callCore, sampleSettled } from '../tests/e2e/support/core.ts';
import { painted } from '../tests/e2e/support/in-page.ts';
import { findBrowser } from './find-browser.ts';

const target = join(import.meta.dirname, '..', 'docs', 'images');
const maxBytes = 200_000;

async function take(page: Page, name: string): Promise<void> {
  const path = join(target, `${name}.png`);
  await painted(page);
  await page.screenshot({ path, animations: 'disabled' });
  const { size } = await stat(path);
  if (size > maxBytes) throw new Error(`${path} takes ${String(size)} bytes; at most ${String(maxBytes)} are wanted.`);
  console.log(`${path}  ${String(Math.round(size / 1000))} kB`);
}

const found = await findBrowser();
if (found === null) throw new Error('No browser found: install Chromium.');
// The directory is seen in the pictures: a short name.
const app = await RunningApp.create(await mkdtemp(join(tmpdir(), 'goldpress-')));
const browser = await chromium.launch({ executablePath: found.executablePath, args: found.args });
try {
  await mkdir(target, { recursive: true });
  await app.start();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US', timezoneId: 'UTC' });
  await app.enter(page);
  await sampleSettled(page);
  const vms = new SourceVmsPage(page);
  await vms.row('debian-12-kiosk').getByText('Ready').waitFor();
  for (const theme of ['light', 'dark'] as const) {
    await callCore(page, 'settings.set', { theme, locale: 'en' });
    await page.locator(theme === 'dark' ? 'html.dark' : 'html:not(.dark)').waitFor();
    // The button that the last dialog was opened with has the focus again.
    await page.evaluate('document.activeElement.blur()');
    await take(page, `source-vms-${theme}`);
    const dialog = await vms.publish('ubuntu-24.04-desktop', 'clone');
    await dialog.fill({ name: 'Ubuntu lab', pool: 'Main pool', hasSnapshot: true });
    await take(page, `publish-${theme}`);
    await page.keyboard.press('Escape');
    await dialog.dialog.waitFor({ state: 'hidden' });
  }
} finally {
  await browser.close();
  await app.dispose();
}
