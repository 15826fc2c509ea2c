/** The frame around every page: addresses, menus, dialogs and the file picker, by the words on the screen. */
import { expect, type Locator, type Page } from '@playwright/test';
import { tickAll } from './controls.ts';

export type Place = 'images/vdi' | 'images/desktop-images' | 'images/source-vms' | 'images/pools' | 'images/flavors' | 'platforms' | 'tasks' | 'settings';

export async function goTo(page: Page, place: Place): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${place}`)}`);
}

export function row(page: Page, name: string | RegExp): Locator {
  return page.getByRole('row', { name });
}

/** Opens a `…` menu by its name and takes an entry. */
export async function chooseFromMenu(page: Page, menu: string | RegExp, entry: string | RegExp, within: Page | Locator = page): Promise<void> {
  await within.getByRole('button', { name: menu }).click();
  await page.getByRole('menuitem', { name: entry }).click();
}

export function dialog(page: Page, name?: string | RegExp): Locator {
  return name === undefined ? page.getByRole('dialog') : page.getByRole('dialog', { name });
}

/** Reads a plan, acknowledges what was found, starts it, and waits until the dialog has gone. */
export async function startPlan(page: Page, steps: string | RegExp): Promise<void> {
  const plan = dialog(page);
  await expect(plan.getByText(steps).first()).toBeVisible();
  await tickAll(plan);
  await plan.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(plan).toBeHidden();
}

/** The newest task’s own page, from the notice of its start. */
export async function showTask(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Show the task' }).first().click();
}

export async function taskIs(page: Page, status: string): Promise<void> {
  await expect(page.getByRole('main').getByText(status, { exact: true }).first()).toBeVisible({ timeout: 120_000 });
}

/** Goes to a folder in the file picker of the host and takes it, or a name in it. */
export async function pickFolder(page: Page, path: string, saveAs?: string): Promise<void> {
  const picker = page.getByRole('dialog').filter({ has: page.getByRole('textbox', { name: 'Path of the folder' }) }).last();
  await picker.getByRole('textbox', { name: 'Path of the folder' }).fill(path);
  await picker.getByRole('button', { name: 'Go', exact: true }).click();
  await expect(picker.getByRole('navigation', { name: 'Path', exact: true })).toBeVisible();
  if (saveAs === undefined) {
    await expect(picker.getByRole('contentinfo').or(picker.locator('footer')).getByText(path, { exact: true })).toBeVisible();
    await picker.getByRole('button', { name: 'Choose this folder' }).click();
  } else {
    await picker.getByRole('textbox', { name: 'File name' }).fill(saveAs);
    await picker.getByRole('button', { name: 'Save here' }).click();
  }
  await expect(picker).toBeHidden();
}
