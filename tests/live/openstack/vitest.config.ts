import { defineConfig } from 'vitest/config';

/** Apart from `npm test`: these need the servers that `run.sh` brings up. The limits end what hangs, and measure nothing. */
export default defineConfig({
  test: { name: 'live', include: ['tests/live/openstack/**/*.spec.ts'], environment: 'node', pool: 'forks', fileParallelism: false, testTimeout: 900_000, hookTimeout: 300_000 },
});
