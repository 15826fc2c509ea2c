import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

/**
 * One project a kind of test, so that each can be run alone: `vitest run --project security`. The limits are for a machine that does
 * many other things at once: they end what hangs, and measure nothing.
 */
const inNode = (name: string, testTimeout = 180_000) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.spec.ts`],
    environment: 'node',
    pool: 'forks' as const,
    testTimeout,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 120_000 } },
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      inNode('unit'),
      inNode('conformance'),
      inNode('crash', 600_000),
      inNode('security'),
      {
        plugins: [vue()],
        test: {
          name: 'component',
          include: ['tests/component/**/*.spec.ts'],
          environment: 'happy-dom',
          testTimeout: 180_000,
          expect: { poll: { timeout: 120_000 } },
          // Element Plus ships CSS imports inside its modules; Vite has to process them.
          server: { deps: { inline: ['element-plus'] } },
        },
      },
    ],
  },
});
