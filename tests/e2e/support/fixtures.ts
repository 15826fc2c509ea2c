/** `test` with a running app and a page that is signed in to it; every test has its own app and its own data. */
import { test as base, type Page } from '@playwright/test';
import { RunningApp, type StartOptions } from './app.ts';
import { sampleSettled } from './core.ts';

interface Fixtures {
  /** How the app is started; `test.use({ startOptions: … })`. */
  startOptions: StartOptions;
  app: RunningApp;
  /** A page of the app, once the sample site can be worked with. */
  window: Page;
}

export const test = base.extend<Fixtures>({
  startOptions: [{}, { option: true }],
  app: async ({ startOptions }, use) => {
    const app = await RunningApp.create();
    await app.start(startOptions);
    await use(app);
    await app.dispose();
  },
  window: async ({ app, page, startOptions }, use) => {
    await app.enter(page);
    if (startOptions.words?.includes('--no-sample') !== true) await sampleSettled(page);
    await use(page);
  },
});

export { expect } from '@playwright/test';
