/** What can be done with a desktop image: verify again, copy out, make a source VM from it, delete it. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { SourceVmsPage } from './pages/source-vms.page.ts';
import { chooseFromMenu, dialog, goTo, pickFolder, row, showTask, startPlan, taskIs } from './pages/window.ts';
import { expect, test } from './support/fixtures.ts';

const sha256 = async (path: string) => createHash('sha256').update(await readFile(path)).digest('hex');

async function publishKiosk(page: Page): Promise<void> {
  await new SourceVmsPage(page).publishNow('debian-12-kiosk', 'clone', { name: 'Kiosk', pool: 'Main pool' });
  await showTask(page);
  await taskIs(page, 'Succeeded');
}

async function openKiosk(page: Page): Promise<void> {
  await goTo(page, 'images/desktop-images');
  await page.getByRole('main').getByRole('link', { name: 'Kiosk', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Kiosk' })).toBeVisible();
}

test('an image is verified again, copied out, and deleted with its name typed', async ({ app, window }) => {
  const pool = join(app.dataDirectory, 'sample-site', 'pools', 'main-pool');
  const outside = await mkdtemp(join(tmpdir(), 'goldpress copy 出 '));
  try {
    await publishKiosk(window);
    await openKiosk(window);
    await expect(window.getByText('Not since it was published').or(window.getByText('Structure and content were read back and are as written.'))).toBeVisible();
    await window.getByRole('button', { name: 'Verify again' }).click();
    await startPlan(window, /verify/i);
    await showTask(window);
    await taskIs(window, 'Succeeded');

    await openKiosk(window);
    await window.getByRole('button', { name: 'Actions for Kiosk' }).click();
    await window.getByRole('menuitem', { name: 'Copy out…' }).click();
    await dialog(window).getByRole('button', { name: 'Browse…' }).click();
    await pickFolder(window, outside, 'kiosk for the branch.qcow2');
    await expect(dialog(window).getByText(join(outside, 'kiosk for the branch.qcow2'))).toBeVisible();
    await dialog(window).getByRole('button', { name: 'Review the plan' }).click();
    await startPlan(window, 'Copy the file under a temporary name');
    await window.getByRole('link', { name: 'Show the task' }).last().click();
    await expect(window.getByRole('heading', { name: /^Copy Kiosk/ })).toBeVisible();
    await taskIs(window, 'Succeeded');
    expect(await readdir(outside)).toContain('kiosk for the branch.qcow2');
    expect(await sha256(join(outside, 'kiosk for the branch.qcow2'))).toBe(await sha256(join(pool, 'Kiosk', 'Kiosk-v1.qcow2')));

    await openKiosk(window);
    await chooseFromMenu(window, 'Actions for Kiosk', 'Delete…');
    const start = dialog(window).getByRole('button', { name: 'Start', exact: true });
    await expect(dialog(window).getByRole('textbox', { name: 'Type Kiosk to confirm' })).toBeVisible();
    await expect(start).toHaveAttribute('aria-disabled', 'true');
    await dialog(window).getByRole('textbox', { name: 'Type Kiosk to confirm' }).fill('Kiosk');
    await startPlan(window, /Delete Kiosk-v1\.qcow2/);
    await goTo(window, 'images/desktop-images');
    await expect(window.getByText('No desktop images yet')).toBeVisible();
    await expect.poll(() => readdir(pool)).toEqual(['.goldpress-pool.json']);
    expect(await readdir(outside)).toContain('kiosk for the branch.qcow2');
  } finally {
    await rm(outside, { recursive: true, force: true });
  }
});

test('a source VM is made from a version, and what is published from it is the next version', async ({ window }) => {
  await publishKiosk(window);
  await openKiosk(window);
  await window.getByRole('button', { name: 'New source VM…' }).click();
  await dialog(window).getByRole('textbox', { name: 'Name of the new VM' }).fill('kiosk-patch');
  await dialog(window).getByRole('button', { name: 'Review the plan' }).click();
  await startPlan(window, 'Define the VM kiosk-patch');
  await window.getByRole('link', { name: 'Show the task' }).last().click();
  await expect(window.getByRole('heading', { name: /^New source VM kiosk-patch/ })).toBeVisible();
  await taskIs(window, 'Succeeded');

  const vms = new SourceVmsPage(window);
  await vms.open();
  await expect(row(window, 'kiosk-patch')).toContainText('Ready');
  await vms.publishNow('kiosk-patch', 'clone', { name: 'Kiosk', pool: 'Main pool' });
  await goTo(window, 'tasks');
  await window.getByRole('link', { name: /version 2/ }).click();
  await taskIs(window, 'Succeeded');
  await openKiosk(window);
  await expect(window.getByRole('heading', { name: 'Version 2' })).toBeVisible();
});
