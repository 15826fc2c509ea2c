/** One image source VM's page: snapshots, the fix of a finding, checking again, creation instructions. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { chooseFromMenu, dialog, goTo, showTask, startPlan, taskIs } from './pages/window.ts';
import { expect, test } from './support/fixtures.ts';

async function openVm(page: Page, name: string): Promise<void> {
  await goTo(page, 'images/source-vms');
  await page.getByRole('main').getByRole('link', { name }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
}

test('a snapshot is made, reverted to and deleted', async ({ app, window }) => {
  const files = () => readdir(join(app.dataDirectory, 'sample-site', 'library', 'debian-12-kiosk'));
  await openVm(window, 'debian-12-kiosk');
  await expect(window.getByText('No snapshots.')).toBeVisible();
  await window.getByRole('button', { name: 'Create snapshot…' }).click();
  await dialog(window).getByRole('textbox', { name: 'Snapshot name' }).fill('before patching');
  await expect(dialog(window).getByText(/not a backup/)).toBeVisible();
  await dialog(window).getByRole('button', { name: 'Review the plan' }).click();
  await startPlan(window, /Create the snapshot “before patching”/);

  const snapshot = window.getByRole('row', { name: /before patching/ });
  await expect(snapshot).toBeVisible();
  expect((await files()).filter((file) => file.endsWith('.qcow2')).length).toBe(2);

  await snapshot.getByRole('button', { name: 'Revert…' }).click();
  await dialog(window).getByRole('textbox', { name: 'Type debian-12-kiosk to confirm' }).fill('debian-12-kiosk');
  await startPlan(window, /Take the VM back to “before patching”/);
  await showTask(window);
  await taskIs(window, 'Succeeded');

  await openVm(window, 'debian-12-kiosk');
  await snapshot.getByRole('button', { name: 'Delete…' }).click();
  await startPlan(window, /Merge and remove the snapshot “before patching”/);
  await expect(window.getByText('No snapshots.')).toBeVisible({ timeout: 120_000 });
  await expect.poll(async () => (await files()).filter((file) => file.endsWith('.qcow2')).length).toBe(1);
});

test('a boot mode that does not fit the disk is set right from the finding itself', async ({ app, window }) => {
  const definition = () => readFile(join(app.dataDirectory, 'sample-site', 'library', '银河麒麟桌面 V10', '银河麒麟桌面 V10.xml'), 'utf8');
  expect(await definition()).not.toContain("firmware='efi'");
  await openVm(window, '银河麒麟桌面 V10');
  await expect(window.getByText('The VM is set to BIOS, but its disk boots with UEFI only.')).toBeVisible();
  await window.getByRole('button', { name: 'Set the VM to UEFI' }).click();
  await expect(dialog(window)).toContainText('UEFI');
  await dialog(window).getByRole('button', { name: 'Review', exact: true }).click();
  await expect(dialog(window).getByRole('heading', { name: 'After' })).toBeVisible();
  await startPlan(window, /Write the VM’s definition/);

  await expect(window.getByText('The VM is set to BIOS')).toBeHidden();
  // What is left is about other machines: this disk's loader is known to this VM's firmware only.
  await expect(window.getByRole('heading', { level: 1 }).locator('..')).toContainText('Warnings');
  await expect(window.getByText('only this VM’s firmware remembers')).toBeVisible();
  expect(await definition()).toMatch(/firmware=["']efi["']/);
  await window.getByRole('button', { name: 'Clone', exact: true }).click();
  await expect(dialog(window, /Clone 银河麒麟桌面 V10/)).toBeVisible();
});

test('what cannot be edited says why, and a VM is checked again on request', async ({ window }) => {
  await openVm(window, 'uos-desktop-20');
  const edit = window.getByRole('button', { name: 'Edit', exact: true });
  await expect(edit).toHaveAttribute('aria-disabled', 'true');
  await expect(edit).toHaveAccessibleDescription(/only a disk file without a definition/);
  await chooseFromMenu(window, 'Actions for uos-desktop-20', 'Check again');
  await expect(window.getByText('Checked uos-desktop-20 again.')).toBeVisible();
});

test('the creation instructions beside the disk are read in the window', async ({ window }) => {
  await openVm(window, 'ubuntu-24.04-desktop');
  await window.getByRole('button', { name: 'Show how-it-is-made.txt' }).click();
  await expect(dialog(window).getByText('apt full-upgrade')).toBeVisible();
  await window.keyboard.press('Escape');
  await expect(dialog(window)).toBeHidden();
});
