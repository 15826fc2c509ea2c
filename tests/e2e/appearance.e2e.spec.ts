/**
 * Every page and the larger dialogs, in both languages and both themes: nothing on the console, no missing words, nothing cut off
 * at 1024 pixels or at 200 %, nothing serious by axe. The pictures stay in `test-results/screens`.
 */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Locale } from '../../src/shared/messages/catalogue.ts';
import { callCore } from './support/core.ts';
import { expect, test } from './support/fixtures.ts';
import { findClippedTexts, painted, readTellings } from './support/in-page.ts';
import { say, wordFaults } from './support/words.ts';

const screens = join(import.meta.dirname, '..', '..', 'test-results', 'screens');
const wide = { width: 1280, height: 800 };
const narrow = { width: 1024, height: 700 };
/** 1280 × 800 at 200 %. */
const zoomed = { width: 640, height: 400 };

interface Scene {
  name: string;
  address: string;
  /** What has to be seen before the page is judged. */
  sign: string | RegExp;
  /** Of a page that is about one thing: its name, which the list before it shows as well. */
  heading?: string | RegExp;
  /** What is pressed first, by its name. */
  press?: readonly string[];
}

interface World {
  vmId: string;
  platformId: string;
  desktopImageId: string;
  imageId: string;
  runId: string;
}

/** One image is published, so that there is a desktop image and an ended task. */
async function publishedWorld(page: Page): Promise<World> {
  const { rows: vms } = await callCore(page, 'sourceVms.list', {});
  const [pool] = await callCore(page, 'imagePools.list', {});
  const kiosk = vms.find(({ name }) => name === 'debian-12-kiosk');
  const kylin = vms.find(({ name }) => name.includes('银河麒麟'));
  if (kiosk === undefined || kylin === undefined || pool === undefined) throw new Error('The sample site is not what it was.');
  const plan = await callCore(page, 'tasks.plan', {
    type: 'publish.clone', vmId: kiosk.id, name: 'Kiosk 自助终端', architecture: 'voi', fileType: 'qcow2', poolId: pool.id, configure: { kind: 'general' }, snapshotName: 'published',
  });
  const { runId } = await callCore(page, 'tasks.start', { planId: plan.id });
  await expect.poll(async () => (await callCore(page, 'tasks.show', { id: runId })).status, { timeout: 120_000 }).toBe('succeeded');
  const [image] = (await callCore(page, 'desktopImages.list', {})).rows;
  const [vdi] = (await callCore(page, 'images.list', {})).rows;
  if (image === undefined || vdi === undefined) throw new Error('Nothing was published.');
  return { vmId: kylin.id, platformId: kylin.platformId, desktopImageId: image.id, imageId: vdi.id, runId };
}

async function dress(page: Page, locale: Locale, theme: 'light' | 'dark'): Promise<void> {
  await callCore(page, 'settings.set', { locale, theme });
  await expect(page.locator('html')).toHaveAttribute('lang', locale);
  await expect(page.locator('html')).toHaveClass(theme === 'dark' ? /dark/ : /^(?!.*dark)/);
}

async function judge(page: Page, scene: Scene, locale: Locale, file: string): Promise<string[]> {
  const faults: string[] = [];
  await page.setViewportSize(wide);
  await page.evaluate(`location.hash = ${JSON.stringify(`#${scene.address}`)}`);
  for (const name of scene.press ?? []) await page.getByRole('button', { name, exact: true }).first().click();
  if (scene.heading !== undefined) await expect(page.getByRole('heading', { level: 1, name: scene.heading })).toBeVisible();
  await expect(page.getByText(scene.sign).first()).toBeVisible();
  await expect(page.getByText(say(locale, 'app.loading'), { exact: true })).toHaveCount(0);
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
  // Dialogs come with an animation, and the colours of a half-faded one are no colours.
  await expect(page.locator('.dialog-fade-enter-active, .el-fade-in-enter-active')).toHaveCount(0);
  await painted(page);
  await page.screenshot({ path: join(screens, `${file}.png`), animations: 'disabled' });
  faults.push(...wordFaults(await readTellings(page), locale));
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']).analyze();
  for (const { id, impact, nodes } of violations) {
    if (impact === 'serious' || impact === 'critical') faults.push(...nodes.slice(0, 3).map(({ target, failureSummary }) => `axe ${id}: ${target.join(' ')} ${failureSummary ?? ''}`));
  }
  for (const [label, size] of [['1280', wide], ['1024', narrow], ['200 %', zoomed]] as const) {
    await page.setViewportSize(size);
    await painted(page);
    faults.push(...(await findClippedTexts(page)).map((text) => `${label}: ${text}`));
    if (size === zoomed) await page.screenshot({ path: join(screens, `${file}-200.png`), animations: 'disabled' });
  }
  if (scene.press !== undefined) {
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  return faults.map((fault) => `${scene.name}: ${fault}`);
}

/** A page that does not come is a fault like others: the rest is looked at all the same. */
async function judgeAll(page: Page, scenes: readonly Scene[], locale: Locale, fileOf: (scene: Scene) => string): Promise<string[]> {
  const faults: string[] = [];
  for (const scene of scenes) {
    try {
      faults.push(...(await judge(page, scene, locale, fileOf(scene))));
    } catch (error) {
      faults.push(`${scene.name}: ${error instanceof Error ? error.message : String(error)}`);
      await page.screenshot({ path: join(screens, `${fileOf(scene)}.png`) });
      await page.reload();
    }
  }
  return faults;
}

function watchConsole(page: Page): string[] {
  const said: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => said.push(`page error: ${error.message}`));
  return said;
}

const looks = (['en', 'zh-CN'] as const).flatMap((locale) => (['light', 'dark'] as const).map((theme) => ({ locale, theme })));

for (const { locale, theme } of looks) {
  test(`pages in ${locale}, ${theme}`, async ({ window }) => {
    const said = watchConsole(window);
    await dress(window, locale, theme);
    const world = await publishedWorld(window);
    const scenes: Scene[] = [
      { name: 'source-vms', address: '/images/source-vms', sign: 'debian-12-kiosk' },
      { name: 'source-vm', address: `/images/source-vms/${world.vmId}`, heading: '银河麒麟桌面 V10', sign: say(locale, 'images.disk.inspection') },
      { name: 'vdi-images', address: '/images/vdi', sign: 'win10-ltsc-2021-vdi' },
      { name: 'vdi-image', address: `/images/vdi/${world.imageId}`, heading: 'win10-ltsc-2021-vdi', sign: say(locale, 'images.overview') },
      { name: 'desktop-images', address: '/images/desktop-images', sign: 'Kiosk 自助终端' },
      { name: 'desktop-image', address: `/images/desktop-images/${world.desktopImageId}`, heading: 'Kiosk 自助终端', sign: /gp1-sha256/ },
      { name: 'pools', address: '/images/pools', sign: 'Main pool' },
      { name: 'flavors', address: '/images/flavors', sign: 'C106V' },
      { name: 'platforms', address: '/platforms', sign: 'Sample site' },
      { name: 'platform', address: `/platforms/${world.platformId}`, heading: /Sample site/, sign: 'debian-12-kiosk' },
      { name: 'tasks', address: '/tasks', sign: /Kiosk 自助终端/ },
      { name: 'task', address: `/tasks/${world.runId}`, heading: /Kiosk 自助终端/, sign: say(locale, 'tasks.events') },
      { name: 'inspect-disk', address: '/disks/inspect', sign: say(locale, 'disks.browse') },
      { name: 'settings', address: '/settings', sign: say(locale, 'settings.about') },
      { name: 'not-found', address: '/nowhere', sign: say(locale, 'app.notFound.title') },
      { name: 'vm-gone', address: '/images/source-vms/vm-aaaaaaaaaaaaaaaaaaaa', sign: say(locale, 'images.back.sourceVms') },
      { name: 'publish', address: '/images/source-vms', sign: say(locale, 'publish.architecture'), press: [say(locale, 'images.sourceVm.clone')] },
      { name: 'convert', address: '/images/source-vms', sign: say(locale, 'publish.architecture'), press: [say(locale, 'images.sourceVm.convert')] },
      { name: 'edit', address: `/images/source-vms/${world.vmId}`, sign: say(locale, 'images.edit.vcpus'), press: [say(locale, 'images.edit')] },
      { name: 'add-platform', address: '/platforms', sign: say(locale, 'app.files.browse'), press: [say(locale, 'platforms.add')] },
      { name: 'add-pool', address: '/images/pools', sign: say(locale, 'app.files.browse'), press: [say(locale, 'images.pool.add')] },
      { name: 'add-flavor', address: '/images/flavors', sign: say(locale, 'images.flavor.save'), press: [say(locale, 'images.flavor.add')] },
      { name: 'passphrase', address: '/settings', sign: say(locale, 'settings.vault.passphraseAgain'), press: [say(locale, 'settings.vault.setPassphrase')] },
      { name: 'shortcuts', address: '/settings', sign: say(locale, 'app.shortcuts.lists'), press: [say(locale, 'app.shortcuts.title')] },
    ];
    const faults = await judgeAll(window, scenes, locale, ({ name }) => `${name}-${locale}-${theme}`);
    expect([...faults, ...said]).toEqual([]);
  });
}

test.describe('without a sample site', () => {
  test.use({ startOptions: { words: ['--no-sample'] } });

  for (const { locale, theme } of looks) {
    test(`empty pages in ${locale}, ${theme}`, async ({ window }) => {
      const said = watchConsole(window);
      await dress(window, locale, theme);
      const scenes: Scene[] = [
        { name: 'source-vms', address: '/images/source-vms', sign: say(locale, 'images.sourceVm.empty') },
        { name: 'vdi-images', address: '/images/vdi', sign: say(locale, 'images.vdi.empty') },
        { name: 'desktop-images', address: '/images/desktop-images', sign: say(locale, 'images.desktop.empty') },
        { name: 'pools', address: '/images/pools', sign: say(locale, 'images.pool.empty') },
        { name: 'platforms', address: '/platforms', sign: say(locale, 'platforms.empty') },
        { name: 'tasks', address: '/tasks', sign: say(locale, 'tasks.none') },
        { name: 'tasks-live', address: '/tasks?show=live', sign: say(locale, 'tasks.noneLive') },
      ];
      const faults = await judgeAll(window, scenes, locale, ({ name }) => `empty-${name}-${locale}-${theme}`);
      expect([...faults, ...said]).toEqual([]);
    });
  }
});
