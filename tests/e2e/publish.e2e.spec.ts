/** Publishing through the window: by clone, by convert, in both languages; what blocks, and what becomes a new version. */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceVmsPage, chinese } from './pages/source-vms.page.ts';
import { goTo, row, showTask, taskIs } from './pages/window.ts';
import { expect, test } from './support/fixtures.ts';

const poolDirectory = (dataDirectory: string) => join(dataDirectory, 'sample-site', 'pools', 'main-pool');

test('clones an image source VM as a desktop image, takes the snapshot and keeps the VM', async ({ app, window }) => {
  const vms = new SourceVmsPage(window);
  const dialog = await vms.publish('ubuntu-24.04-desktop', 'clone');
  await expect(dialog.dialog.getByText('For VOI with Linux it is QCOW2.')).toBeVisible();
  await expect(dialog.dialog.getByRole('textbox', { name: 'Snapshot Name' })).toBeDisabled();
  await dialog.fill({ name: 'Ubuntu lab', pool: 'Main pool', hasSnapshot: true });
  await expect(dialog.dialog.getByRole('textbox', { name: 'Snapshot Name' })).toHaveValue(/^Ubuntu lab/);
  await dialog.review();
  await expect(dialog.dialog.getByText('Create the snapshot')).toBeVisible();
  await dialog.start();

  await showTask(window);
  await taskIs(window, 'Succeeded');
  await goTo(window, 'images/desktop-images');
  await window.getByRole('link', { name: 'Ubuntu lab' }).click();
  await expect(window.getByText('Version 1').first()).toBeVisible();
  await expect(window.getByText('cloned from ubuntu-24.04-desktop on Sample site')).toBeVisible();
  await expect(window.getByText(/gp1-sha256:[0-9a-f]{64}/)).toBeVisible();

  const files = await readdir(join(poolDirectory(app.dataDirectory), 'Ubuntu lab'));
  expect(files.sort()).toEqual(['Ubuntu lab-v1.qcow2', 'Ubuntu lab-v1.qcow2.json']);
  await vms.open();
  await expect(vms.row('ubuntu-24.04-desktop').getByRole('gridcell', { name: '1', exact: true })).toBeVisible();
});

test('converts a VM only after its name was typed, and deletes it last', async ({ app, window }) => {
  const vms = new SourceVmsPage(window);
  const dialog = await vms.publish('rocky-9-engineering', 'convert');
  await expect(dialog.dialog.getByText(/and its disks will be deleted/)).toBeVisible();
  await dialog.fill({ name: 'Rocky engineering', pool: 'Main pool' });
  await dialog.review();
  await expect(dialog.dialog.getByText('Delete the VM rocky-9-engineering and its disks')).toBeVisible();
  await expect(dialog.okButton).toHaveAttribute('aria-disabled', 'true');
  await dialog.typeName('rocky-9-engineering');
  await expect(dialog.okButton).not.toHaveAttribute('aria-disabled', 'true');
  await dialog.dialog.getByRole('textbox', { name: 'rocky-9-engineering' }).fill('rocky-9');
  await expect(dialog.okButton).toHaveAttribute('aria-disabled', 'true');
  await dialog.typeName('rocky-9-engineering');
  await dialog.start();

  await showTask(window);
  await taskIs(window, 'Succeeded');
  await vms.open();
  await expect(vms.row('debian-12-kiosk')).toBeVisible();
  await expect(vms.row('rocky-9-engineering')).toBeHidden();
  await access(join(poolDirectory(app.dataDirectory), 'Rocky engineering', 'Rocky engineering-v1.qcow2'));
  await expect(access(join(app.dataDirectory, 'sample-site', 'library', 'rocky-9-engineering', 'rocky-9-engineering.qcow2'))).rejects.toThrow();
});

test('a boot mode that the disk cannot boot with blocks, and says the way out', async ({ window }) => {
  const vms = new SourceVmsPage(window);
  const dialog = await vms.publish('银河麒麟桌面', 'clone');
  await dialog.fill({ name: 'Kylin', pool: 'Main pool' });
  await dialog.review();
  await expect(dialog.dialog.getByText(/UEFI/).first()).toBeVisible();
  await expect(dialog.okButton).toHaveAttribute('aria-disabled', 'true');
  await expect(dialog.okButton).toHaveAccessibleDescription(/put right/);
});

test('the same name again: a new version from the same VM, taken from another', async ({ window }) => {
  const vms = new SourceVmsPage(window);
  await vms.publishNow('debian-12-kiosk', 'clone', { name: 'Kiosk', pool: 'Main pool' });
  await showTask(window);
  await taskIs(window, 'Succeeded');

  await vms.open();
  const again = await vms.publish('debian-12-kiosk', 'clone');
  await again.fill({ name: 'Kiosk', pool: 'Main pool' });
  await again.review();
  await expect(again.dialog.getByText(/version 2/).first()).toBeVisible();
  await again.start();
  await window.getByRole('link', { name: 'Show the task' }).last().click();
  await expect(window.getByRole('heading', { name: /version 2/ })).toBeVisible();
  await taskIs(window, 'Succeeded');

  await goTo(window, 'images/desktop-images');
  await window.getByRole('link', { name: 'Kiosk', exact: true }).click();
  await expect(window.getByRole('heading', { name: 'Version 2' })).toBeVisible();
  await expect(window.getByRole('heading', { name: 'Version 1' })).toBeVisible();

  await vms.open();
  const other = await vms.publish('ubuntu-24.04-desktop', 'clone');
  await other.fill({ name: 'Kiosk', pool: 'Main pool' });
  await other.review();
  await expect(other.dialog.getByText(/There is a desktop image named Kiosk in Main pool already/)).toBeVisible();
  await expect(other.okButton).toHaveAttribute('aria-disabled', 'true');
});

test('publishes in Chinese', async ({ window }) => {
  await goTo(window, 'settings');
  await window.getByText('简体中文').first().click();
  const vms = new SourceVmsPage(window, chinese);
  await vms.publishNow('Windows 11 办公桌面', 'clone', { name: '办公桌面镜像', pool: 'Main pool' });
  await goTo(window, 'images/desktop-images');
  await expect(row(window, '办公桌面镜像')).toContainText('VHD');
});
