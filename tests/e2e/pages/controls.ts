/** How a person works the controls whose real input lies hidden under a drawn one. */
import type { Locator } from '@playwright/test';

/** Opens a list and takes an option by its text. `within` holds the list; the options lie above everything. */
export async function choose(within: Locator, label: string, option: string | RegExp): Promise<void> {
  const page = within.page();
  await within.locator('.el-select__wrapper').filter({ has: page.getByRole('combobox', { name: label }) }).click();
  await page.getByRole('option', { name: option }).click();
}

/** Turns a switch by the part that is seen. */
export async function toggle(within: Locator, label: string): Promise<void> {
  await within.locator('.el-switch').filter({ has: within.page().getByRole('switch', { name: label }) }).click();
}

/** Chooses in a row of radio buttons by the word on it. */
export async function pick(within: Locator, group: string, word: string): Promise<void> {
  await within.getByRole('radiogroup', { name: group }).getByText(word, { exact: true }).click();
}

/** Ticks every box, by the words beside it. */
export async function tickAll(within: Locator): Promise<void> {
  const boxes = await within.locator('.el-checkbox').all();
  for (const box of boxes) {
    if (!(await box.getByRole('checkbox').isChecked())) await box.click();
  }
}
