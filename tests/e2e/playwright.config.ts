/** End-to-end tests: the built app in a real Chromium. Each test has its own data directory and its own app. */
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
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    launchOptions: { args: browserArgs, ...(executablePath === undefined ? {} : { executablePath }) },
  },
});
