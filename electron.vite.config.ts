import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';
import { bundleBudget } from './build/bundle-budget.ts';
import { elementComponents } from './build/element-components.ts';
import { initialChunk, initialChunkName } from './build/initial-chunk.ts';

const root = import.meta.dirname;
const initial = initialChunk();

/** Bundled into main although they are dependencies: read from their hundreds of files they cost a third of the start. */
const bundledIntoMain = ['kysely', 'zod', 'hono', '@hono/node-server', 'commander', 'env-paths', '@xmldom/xmldom'];

/**
 * Three builds from one source tree: main (ES modules; the workers are entries of their own because a thread
 * starts from a file), preload (one CommonJS file: a sandboxed preload can load nothing else) and renderer.
 */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      externalizeDeps: { exclude: bundledIntoMain },
      rolldownOptions: {
        input: {
          index: resolve(root, 'src/main/index.ts'),
          'disk-worker': resolve(root, 'src/main/disks/lead-worker.ts'),
          'disk-mover': resolve(root, 'src/main/disks/mover-worker.ts'),
          'store-worker': resolve(root, 'src/main/store/worker.ts'),
        },
        // Shared chunks beside the entries: a thread's program is looked for beside the code that starts it (worker-entry.ts).
        output: { format: 'es', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rolldownOptions: {
        input: { index: resolve(root, 'src/main/shells/electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(root, 'src/renderer'),
    plugins: [
      elementComponents((path) => existsSync(resolve(root, 'node_modules', path))),
      vue(),
      initial.plugin,
      bundleBudget({ chunkBytes: 600_000, initialScriptBytes: 620_000, initialStyleBytes: 45_000, forbiddenPackages: ['zod'] }),
    ],
    build: {
      outDir: resolve(root, 'out/renderer'),
      minify: true,
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: { index: resolve(root, 'src/renderer/index.html') },
        output: { codeSplitting: { groups: [{ name: initialChunkName, test: (id: string) => initial.has(id) }] } },
      },
    },
  },
});
