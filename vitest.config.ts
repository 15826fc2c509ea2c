import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

/** One project a kind of test, so that each can be run alone: `vitest run --project security`. */
const inNode = (name: string, testTimeout = 60_000) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.spec.ts`],
    environment: 'node',
    pool: 'forks' as const,
    testTimeout,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      inNode('unit'),
      inNode('conformance'),
      inNode('crash', 180_000),
      inNode('security'),
      {
        plugins: [vue()],
        test: {
          name: 'component',
          include: ['tests/component/**/*.spec.ts'],
          environment: 'happy-dom',
          testTimeout: 60_000,
          // Element Plus ships CSS imports inside its modules; Vite has to process them.
          server: { deps: { inline: ['element-plus'] } },
        },
      },
    ],
  },
});
