/** Asks the core directly, with the session of a page: for what a journey needs to begin, never for what it is about. */
import { expect, type Page } from '@playwright/test';
import type { CommandInput, CommandName, CommandOutput } from '../../../src/shared/contract/commands.ts';
import type { Envelope } from '../../../src/shared/contract/envelope.ts';
import { secretHeader, secretStorageKey } from '../../../src/shared/contract/stream.ts';

/** How many VMs the sample site shows: those with a definition, and one bare disk. */
const sampleVmCount = 8;
const settlingMs = 120_000;

export async function callCore<N extends CommandName>(page: Page, command: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
  const secret: string = await page.evaluate(`sessionStorage.getItem(${JSON.stringify(secretStorageKey)})`);
  const { origin } = new URL(page.url());
  const response = await page.request.post(`${origin}/call`, { data: { callId: crypto.randomUUID(), command, input }, headers: { origin, [secretHeader]: secret } });
  const answer = (await response.json()) as Envelope<CommandOutput<N>>;
  if (!answer.ok) throw new Error(`${command}: ${answer.error.message}`);
  return answer.value;
}

/** Waits until the sample site stands and every disk of it has been looked into: the window works before, but shows less. */
export async function sampleSettled(page: Page): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await callCore(page, 'sourceVms.list', {});
      const images = await callCore(page, 'images.list', {});
      return rows.filter(({ findings }) => findings.every(({ id }) => id !== 'disk-inspected')).length + images.rows.length;
    }, { timeout: settlingMs })
    .toBe(sampleVmCount + 1);
  await expect.poll(async () => (await callCore(page, 'platforms.list', {})).some(({ health }) => health.isSyncing), { timeout: settlingMs }).toBe(false);
}
