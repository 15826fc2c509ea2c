/** A task that is cancelled, a process that is killed, a page that loses its app, an address that is used twice. */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceVmsPage } from './pages/source-vms.page.ts';
import { goTo, row, showTask, taskIs } from './pages/window.ts';
import { RunningApp } from './support/app.ts';
import { callCore, sampleSettled } from './support/core.ts';
import { expect, test } from './support/fixtures.ts';

const fields = { name: 'Kiosk', pool: 'Main pool' };
const poolDirectory = (app: RunningApp) => join(app.dataDirectory, 'sample-site', 'pools', 'main-pool');
const libraryFiles = (app: RunningApp) => readdir(join(app.dataDirectory, 'sample-site', 'library', 'debian-12-kiosk'));

test('a running publication is cancelled and leaves nothing in the image pool', async ({ page }) => {
  const app = await RunningApp.create();
  const pause = join(app.dataDirectory, 'paused');
  try {
    await app.start({ environment: { GOLDPRESS_FAILPOINT: `after-run:convert=pause:${pause}` } });
    await app.enter(page);
    await sampleSettled(page);
    const before = await libraryFiles(app);
    await new SourceVmsPage(page).publishNow('debian-12-kiosk', 'clone', fields);
    await showTask(page);
    await expect.poll(() => existsSync(pause)).toBe(true);
    await page.getByRole('main').getByRole('button', { name: 'Cancel task' }).click();
    await taskIs(page, 'Cancelling');
    await expect(page.getByText('The task was asked to stop.')).toBeVisible();
    await rm(pause);
    await taskIs(page, 'Cancelled');
    expect(await readdir(poolDirectory(app))).toEqual(['.goldpress-pool.json']);
    expect(await libraryFiles(app)).toEqual(before);
    await goTo(page, 'images/desktop-images');
    await expect(page.getByText('No desktop images yet')).toBeVisible();
  } finally {
    await app.dispose();
  }
});

for (const failpoint of ['after-intent:convert', 'in:register:placed', 'after-run:register']) {
  test(`the app is killed at ${failpoint}; at the next start the publication goes on and ends well`, async ({ page }) => {
    const app = await RunningApp.create();
    try {
      await app.start({ environment: { GOLDPRESS_FAILPOINT: `${failpoint}=kill` } });
      await app.enter(page);
      await sampleSettled(page);
      const vms = new SourceVmsPage(page);
      await vms.open();
      const dialog = await vms.publish('debian-12-kiosk', 'clone');
      await dialog.fill(fields);
      await dialog.review();
      await dialog.okButton.click();
      await app.ended();

      await app.start();
      await app.enter(page);
      await goTo(page, 'tasks');
      await page.getByRole('link', { name: /Clone debian-12-kiosk as Kiosk/ }).click();
      await taskIs(page, 'Succeeded');
      await expect(page.getByText('Found interrupted when Goldpress started.')).toBeVisible();
      expect((await readdir(join(poolDirectory(app), 'Kiosk'))).sort()).toEqual(['Kiosk-v1.qcow2', 'Kiosk-v1.qcow2.json']);
      await goTo(page, 'images/desktop-images');
      await expect(row(page, 'Kiosk')).toContainText('QCOW2');
    } finally {
      await app.dispose();
    }
  });
}

test('a task that failed after the image was made asks, and goes on with the answer', async ({ page }) => {
  const app = await RunningApp.create();
  try {
    await app.start({ environment: { GOLDPRESS_FAILPOINT: 'after-run:content=throw' } });
    await app.enter(page);
    await sampleSettled(page);
    await new SourceVmsPage(page).publishNow('debian-12-kiosk', 'clone', fields);
    await showTask(page);
    const question = page.getByRole('region', { name: 'A decision is needed' });
    await expect(question).toBeVisible({ timeout: 120_000 });
    await app.stop();

    await app.start();
    await app.enter(page);
    await goTo(page, 'tasks');
    await page.getByRole('link', { name: /Clone debian-12-kiosk as Kiosk/ }).click();
    await question.getByRole('button', { name: 'Try again' }).click();
    await taskIs(page, 'Succeeded');
  } finally {
    await app.dispose();
  }
});

test('a page whose app has ended says so, keeps what it shows, and offers nothing that cannot work', async ({ app, window }) => {
  await expect(window.getByText('Connected', { exact: true })).toBeVisible();
  await app.stop();
  await expect(window.getByRole('status')).toHaveText('Goldpress does not answer. Trying again…');
  // What was read stays to be read.
  await expect(row(window, 'debian-12-kiosk')).toBeVisible();
  // A button that needs the app says why it cannot.
  const clone = row(window, 'debian-12-kiosk').getByRole('button', { name: 'Clone', exact: true });
  await expect(clone).toHaveAttribute('aria-disabled', 'true');
  await expect(clone).toHaveAccessibleDescription(/Goldpress does not answer/);
  // Started again, it is found again; its new address, opened anywhere in this browser, is what this page goes on with.
  await app.start();
  await expect(window.getByRole('status')).toHaveText('Goldpress was restarted: open its new address');
  const tab = await window.context().newPage();
  await app.enter(tab);
  await expect(window.getByRole('status')).toHaveText('Connected');
  await expect(clone).not.toHaveAttribute('aria-disabled', 'true');
});

test('an address opens the app once; the second time a plain page says how to get another', async ({ app, window, browser }) => {
  const elsewhere = await browser.newContext();
  const second = await elsewhere.newPage();
  await second.goto(app.url);
  await expect(second.getByRole('heading', { name: 'This address has been used' })).toBeVisible();
  await expect(second.getByText(/it prints a new address/)).toBeVisible();
  await second.goto(app.origin);
  await expect(second.getByRole('heading', { name: 'This address has been used' })).toBeVisible();
  await elsewhere.close();
  // A second tab of the same browser has the cookie, and not the secret.
  const tab = await window.context().newPage();
  await tab.goto(app.origin);
  await expect(tab.getByRole('heading', { name: 'This address has been used' })).toBeVisible();
  // The first page is none the worse for it.
  expect((await callCore(window, 'system.info', {})).hasSampleSite).toBe(true);
});
