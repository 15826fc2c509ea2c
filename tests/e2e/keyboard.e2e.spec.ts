/** The window without a mouse: the command palette, and publishing from the list to the task by keys alone. */
import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';

/** Presses a key until something has the focus: what a person does who looks where the focus is. */
async function pressUntilFocused(page: Page, key: string, name: string | RegExp, role: 'button' | 'textbox' | 'radio' | 'combobox' | 'row'): Promise<void> {
  const target = page.getByRole(role, { name, ...(typeof name === 'string' ? { exact: true } : {}) }).and(page.locator(':focus'));
  const most = 40;
  for (let presses = 0; presses < most; presses += 1) {
    if (await target.isVisible()) return;
    await page.keyboard.press(key);
  }
  await expect(target, `“${String(name)}” is reached by ${key}`).toBeVisible();
}

test('the palette finds pages and actions', async ({ window }) => {
  await expect(window.getByRole('row', { name: 'debian-12-kiosk' })).toBeVisible();
  await window.keyboard.press('Control+k');
  const palette = window.getByRole('dialog', { name: 'Go to or do…' });
  await expect(palette.getByRole('combobox')).toBeFocused();
  await window.keyboard.type('flav');
  await expect(palette.getByRole('option', { name: /Flavors/ })).toHaveAttribute('aria-selected', 'true');
  await window.keyboard.press('Enter');
  await expect(palette).toBeHidden();
  await expect(window.getByRole('button', { name: 'Add flavor' })).toBeVisible();

  await window.keyboard.press('Control+k');
  await window.keyboard.type('Theme: Dark');
  await window.keyboard.press('Enter');
  await expect(window.locator('html')).toHaveClass(/dark/);
  await window.keyboard.press('?');
  await expect(window.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await window.keyboard.press('Escape');
  await expect(window.getByRole('dialog')).toBeHidden();
  await window.keyboard.press('g');
  await window.keyboard.press('t');
  await expect(window.getByRole('heading', { level: 1, name: 'Tasks' })).toBeVisible();
});

test('an image is published by keys alone', async ({ window }) => {
  await expect(window.getByRole('row', { name: 'debian-12-kiosk' })).toContainText('Ready');
  await window.keyboard.press('/');
  await window.keyboard.type('debian');
  await expect(window.getByRole('row', { name: 'rocky-9-engineering' })).toBeHidden();
  await window.keyboard.press('ArrowDown');
  await expect(window.getByRole('row', { name: 'debian-12-kiosk' })).toBeFocused();
  await pressUntilFocused(window, 'ArrowRight', 'Clone', 'button');
  await window.keyboard.press('Enter');
  await expect(window.getByRole('dialog', { name: /Clone debian-12-kiosk/ })).toBeVisible();

  await pressUntilFocused(window, 'Tab', 'Name', 'textbox');
  await window.keyboard.press('Control+a');
  await window.keyboard.type('Kiosk by keys');
  await pressUntilFocused(window, 'Tab', 'Image Pool', 'combobox');
  await window.keyboard.press('Enter');
  const pool = window.getByRole('option', { name: /Main pool/ });
  await expect(pool).toBeVisible();
  await window.keyboard.press('ArrowDown');
  await window.keyboard.press('ArrowDown');
  await window.keyboard.press('Enter');
  await expect(pool).toBeHidden();
  await pressUntilFocused(window, 'Tab', 'Review the plan', 'button');
  await window.keyboard.press('Enter');
  await expect(window.getByRole('dialog').getByText('Read it back and verify it')).toBeVisible();
  await pressUntilFocused(window, 'Tab', 'OK', 'button');
  await window.keyboard.press('Enter');
  await expect(window.getByRole('dialog')).toBeHidden();
  await window.keyboard.press('g');
  await window.keyboard.press('t');
  await expect(window.getByRole('row', { name: /Kiosk by keys/ })).toContainText('Succeeded', { timeout: 120_000 });
});
