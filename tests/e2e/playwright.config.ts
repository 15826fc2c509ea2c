/**
 * End-to-end tests: the built app in a real Chromium. The limits are for a machine that does many other things; nothing here
 * measures time.
 */
import { join } from 'node:path';
import { defineConfig } from '@playwright/test';

const root = join(import.meta.dirname, '..', '..');
const browserArgs = JSON.parse(process.env['GOLDPRESS_BROWSER_ARGS'] ?? '[]') as string[];
const executablePath = process.env['GOLDPRESS_BROWSER'];

export default defineConfig({
  testDir: import.meta.dirname,
  testMatch: '**/*.e2e.spec.ts',
  outputDir: join(root, 'test-results', 'e2e'),
  fullyParallel: true,
  workers: 2,
  // A test that reads every page takes minutes on two busy cores.
  timeout: 900_000,
  expect: { timeout: 90_000 },
  use: {
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    timezoneId: 'UTC',
    actionTimeout: 90_000,
    navigationTimeout: 60_000,
    // Pictures for the trace would be taken all the time; one at the end tells as much.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: true, sources: true },
    screenshot: 'only-on-failure',
    launchOptions: { args: browserArgs, ...(executablePath === undefined ? {} : { executablePath }) },
  },
});
