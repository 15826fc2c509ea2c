/** Publishing through the window: by clone, by convert, in both languages; what blocks and what must be acknowledged. */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceVmsPage, chinese } from './pages/source-vms.page.ts';
import { expect, test } from './support/app.ts';

const poolDirectory = (dataDirectory: string) => join(dataDirectory, 'sample-site', 'pools', 'main-pool');

test('clones an image source VM as a desktop image and keeps the VM', async ({ app, window }) => {
  const vms = new SourceVmsPage(window);
  const dialog = await vms.publish('ubuntu-24.04-desktop', 'clone');
  await expect(dialog.dialog.getByText('For VOI with Linux it is QCOW2.')).toBeVisible();
  await dialog.fill({ name: 'Ubuntu lab', pool: 'Main pool' });
  await dialog.dialog.getByRole('switch', { name: 'Create Snapshot After Cloning' }).click({ force: true });
  await dialog.review();
  await expect(dialog.dialog.getByText('Create the snapshot')).toBeVisible();
  await dialog.start();

  await window.getByRole('link', { name: 'Show the task' }).click();
  await expect(window.getByText(/Done|Succeeded/).first()).toBeVisible();
  await window.goto(`${new URL(window.url()).origin}/#/images/desktop-images`);
  await window.getByRole('link', { name: 'Ubuntu lab' }).click();
  await expect(window.getByText('Version 1').first()).toBeVisible();
  await expect(window.getByText('cloned from ubuntu-24.04-desktop on Sample site')).toBeVisible();
  await expect(window.getByText(/gp1-sha256:[0-9a-f]{64}/)).toBeVisible();

  const files = await readdir(join(poolDirectory(app.dataDirectory), 'Ubuntu lab'));
  expect(files.sort()).toEqual(['Ubuntu lab-v1.qcow2', 'Ubuntu lab-v1.qcow2.json']);
  await vms.open();
  await expect(vms.row('ubuntu-24.04-desktop')).toBeVisible();
});

test('converts a VM only after its name was typed, and deletes it last', async ({ app, window }) => {
  const vms = new SourceVmsPage(window);
  const dialog = await vms.publish('rocky-9-engineering', 'convert');
  await expect(dialog.dialog.getByText(/and its disks will be deleted/)).toBeVisible();
  await dialog.fill({ name: 'Rocky engineering', pool: 'Main pool' });
  await dialog.review();
  await expect(dialog.dialog.getByText('Delete the VM rocky-9-engineering and its disks')).toBeVisible();
  await expect(dialog.okButton).toHaveAttribute('aria-disabled', 'true');
  await dialog.dialog.getByRole('textbox', { name: /Type rocky-9-engineering/ }).fill('rocky-9');
  await expect(dialog.okButton).toHaveAttribute('aria-disabled', 'true');
  await dialog.dialog.getByRole('textbox', { name: /Type rocky-9-engineering/ }).fill('rocky-9-engineering');
  await dialog.start();

  await expect(vms.row('rocky-9-engineering')).toBeHidden();
  await access(join(poolDirectory(app.dataDirectory), 'Rocky engineering', 'Rocky engineering-v1.qcow2'));
  await expect(access(join(app.dataDirectory, 'sample-site', 'library', 'rocky-9-engineering', 'rocky-9-engineering.qcow2'))).rejects.toThrow();
});

test('a boot mode that the disk cannot boot with blocks, and says the way out', async ({ window }) => {
  const vms = new SourceVmsPage(window);
  const dialog = await vms.publish('银河麒麟桌面', 'clone');
  await dialog.fill({ name: 'Kylin', pool: 'Main pool' });
  await dialog.review();
  await expect(dialog.okButton).toHaveAttribute('aria-disabled', 'true');
  await expect(dialog.dialog.getByText(/UEFI/).first()).toBeVisible();
});

test('publishes in Chinese', async ({ window }) => {
  await window.goto(`${new URL(window.url()).origin}/#/settings`);
  await window.getByText('简体中文').first().click();
  const vms = new SourceVmsPage(window, chinese);
  await vms.open();
  const dialog = await vms.publish('Windows 11 办公桌面', 'clone');
  await dialog.fill({ name: '办公桌面镜像', pool: 'Main pool' });
  await dialog.review();
  await dialog.start();
  await window.goto(`${new URL(window.url()).origin}/#/images/desktop-images`);
  await expect(window.getByRole('row', { name: /办公桌面镜像/ })).toContainText('VHD');
});
