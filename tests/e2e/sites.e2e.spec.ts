/** Platforms, image pools, flavors and the vault through their pages. */
import { mkdir, mkdtemp, copyFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseFromMenu, dialog, goTo, pickFolder, row } from './pages/window.ts';
import { expect, test } from './support/fixtures.ts';

test('a folder becomes a platform, is synced again, and is forgotten without being touched', async ({ app, window }) => {
  const library = await mkdtemp(join(tmpdir(), 'goldpress library 库 '));
  try {
    const sample = join(app.dataDirectory, 'sample-site', 'library');
    await copyFile(join(sample, 'debian-12-kiosk', 'debian-12-kiosk.qcow2'), join(library, 'branch kiosk.qcow2'));
    await goTo(window, 'platforms');
    await window.getByRole('button', { name: 'Add platform' }).click();
    const adding = dialog(window, 'Add platform');
    await expect(adding.getByRole('button', { name: 'Add', exact: true })).toHaveAttribute('aria-disabled', 'true');
    await adding.getByRole('button', { name: 'Browse…' }).click();
    await pickFolder(window, library);
    await adding.getByRole('textbox', { name: 'Name', exact: true }).fill('Branch 分部');
    await adding.getByRole('button', { name: 'Test connection' }).click();
    await expect(adding.getByText('The folder can be written to')).toBeVisible();
    await adding.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(adding).toBeHidden();
    await expect(window.getByRole('heading', { level: 1, name: 'Branch 分部' })).toBeVisible();

    await goTo(window, 'images/source-vms');
    await expect(row(window, 'branch kiosk')).toContainText('Debian');
    await copyFile(join(library, 'branch kiosk.qcow2'), join(library, 'second.qcow2'));
    await goTo(window, 'platforms');
    await row(window, 'Branch 分部').getByRole('button', { name: 'Sync', exact: true }).click();
    await expect(window.getByText(/Synced: 2 seen, 1 new/)).toBeVisible();
    await goTo(window, 'images/source-vms');
    await expect(row(window, 'second')).toBeVisible();

    await goTo(window, 'platforms');
    await chooseFromMenu(window, 'More actions for Branch 分部', 'Remove platform');
    await dialog(window).getByRole('button', { name: 'Remove platform' }).click();
    await expect(row(window, 'Branch 分部')).toBeHidden();
    await goTo(window, 'images/source-vms');
    await expect(row(window, 'debian-12-kiosk')).toBeVisible();
    await expect(row(window, 'branch kiosk')).toBeHidden();
    expect((await readdir(library)).sort()).toEqual(['branch kiosk.qcow2', 'second.qcow2']);
  } finally {
    await rm(library, { recursive: true, force: true });
  }
});

test('the sample site goes in one click and comes back on request', async ({ app, window }) => {
  await goTo(window, 'platforms');
  await chooseFromMenu(window, 'More actions for Sample site', 'Remove the sample site');
  await expect(window.getByText('No platforms yet')).toBeVisible();
  expect(await readdir(app.dataDirectory)).not.toContain('sample-site');
  await goTo(window, 'images/source-vms');
  await expect(window.getByText('No image source VMs')).toBeVisible();
  await goTo(window, 'platforms');
  await window.getByRole('button', { name: 'Make the sample site' }).first().click();
  await expect(row(window, 'Sample site')).toBeVisible({ timeout: 120_000 });
  await goTo(window, 'images/source-vms');
  await expect(row(window, 'ubuntu-24.04-desktop')).toContainText('Ready', { timeout: 120_000 });
});

test('a flavor is added, changed and removed; a built-in one is not', async ({ window }) => {
  await goTo(window, 'images/flavors');
  await window.getByRole('button', { name: 'Add flavor' }).click();
  await dialog(window).getByRole('textbox', { name: 'Name' }).fill('Design room');
  await dialog(window).getByRole('textbox', { name: 'Endpoint models' }).fill('C106V, C200V');
  await dialog(window).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(window)).toBeHidden();
  await expect(row(window, 'Design room')).toContainText('C106V, C200V');

  await chooseFromMenu(window, 'Actions for Design room', 'Edit…');
  await dialog(window).getByRole('spinbutton', { name: 'vCPU' }).fill('12');
  await dialog(window).getByRole('button', { name: 'Save' }).click();
  await expect(row(window, 'Design room').getByRole('gridcell', { name: '12', exact: true })).toBeVisible();

  await chooseFromMenu(window, 'Actions for Design room', 'Remove…');
  await dialog(window).getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(row(window, 'Design room')).toBeHidden();

  await window.getByRole('row').filter({ hasText: 'Built-in' }).first().getByRole('button', { name: /Actions for/ }).click();
  await expect(window.getByRole('menuitem', { name: /Built-in flavors cannot be changed/ }).first()).toHaveAttribute('aria-disabled', 'true');
});

test('a folder becomes an image pool and is forgotten again', async ({ window }) => {
  const folder = await mkdtemp(join(tmpdir(), 'goldpress-pool-'));
  try {
    await mkdir(join(folder, 'USB disk'));
    await goTo(window, 'images/pools');
    await expect(row(window, 'Main pool')).toContainText('Ready');
    await window.getByRole('button', { name: 'Add image pool' }).click();
    await dialog(window, 'New image pool').getByRole('textbox', { name: 'Name', exact: true }).fill('USB');
    await dialog(window, 'New image pool').getByRole('button', { name: 'Browse…' }).click();
    await pickFolder(window, join(folder, 'USB disk'));
    await dialog(window, 'New image pool').getByRole('button', { name: 'Add image pool' }).click();
    await expect(dialog(window)).toBeHidden();
    await expect(row(window, /^USB/)).toContainText('Ready');
    // Nothing of the write test is left; the marker tells the folder from an empty mount point.
    expect(await readdir(join(folder, 'USB disk'))).toEqual(['.goldpress-pool.json']);
    await chooseFromMenu(window, 'Actions for USB', 'Remove…');
    await dialog(window).getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(row(window, /^USB/)).toBeHidden();
    // The marker stays: another Goldpress may go by it.
    expect(await readdir(join(folder, 'USB disk'))).toEqual(['.goldpress-pool.json']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the vault gets a passphrase, is locked, and opens only with the right one', async ({ window }) => {
  await goTo(window, 'settings');
  const vault = window.getByRole('region', { name: 'Vault' });
  await expect(vault.getByText('This session only')).toBeVisible();
  await vault.getByRole('button', { name: 'Set passphrase' }).click();
  await dialog(window).getByRole('textbox', { name: 'Passphrase', exact: true }).fill('correct horse');
  const set = dialog(window).getByRole('button', { name: 'Set passphrase' });
  await expect(set).toHaveAttribute('aria-disabled', 'true');
  await dialog(window).getByRole('textbox', { name: 'Passphrase again' }).fill('correct horse');
  await set.click();
  await expect(dialog(window)).toBeHidden();
  await expect(vault.getByText('Open', { exact: true })).toBeVisible();

  await vault.getByRole('button', { name: 'Lock now' }).click();
  await expect(vault.getByText('Locked', { exact: true })).toBeVisible();
  await vault.getByRole('button', { name: 'Unlock', exact: true }).click();
  await dialog(window).getByRole('textbox', { name: 'Passphrase' }).fill('wrong passphrase');
  await dialog(window).getByRole('button', { name: 'Unlock', exact: true }).click();
  await expect(dialog(window).getByRole('alert')).toBeVisible();
  await dialog(window).getByRole('textbox', { name: 'Passphrase' }).fill('correct horse');
  await dialog(window).getByRole('button', { name: 'Unlock', exact: true }).click();
  await expect(dialog(window)).toBeHidden();
  await expect(vault.getByText('Open', { exact: true })).toBeVisible();
});
