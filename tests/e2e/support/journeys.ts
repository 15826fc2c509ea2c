/** Journeys that are the same in every shell. */
import { expect, type Page } from '@playwright/test';
import { SourceVmsPage } from '../pages/source-vms.page.ts';

/** From the list of source VMs of the sample site to a published desktop image. */
export async function publishByClone(page: Page): Promise<void> {
  const vms = new SourceVmsPage(page);
  await expect(vms.row('debian-12-kiosk')).toContainText('Ready');
  await vms.publishNow('debian-12-kiosk', 'clone', { name: 'Kiosk', pool: 'Main pool' });
  await page.getByRole('link', { name: 'Desktop Images' }).first().click();
  await expect(page.getByRole('row', { name: 'Kiosk' })).toBeVisible();
}
