/**
 * Where a worker thread's program lies: beside the source when Node runs the TypeScript itself (tests, command line in a
 * checkout), beside the bundle when built. One place, so that no caller has to know how it was started.
 */
const isSource = import.meta.url.endsWith('.ts');

const sources = { disk: './disks/lead-worker.ts', mover: './disks/mover-worker.ts', store: './store/worker.ts' } as const;
const bundles = { disk: './disk-worker.js', mover: './disk-mover.js', store: './store-worker.js' } as const;

export function workerEntry(name: keyof typeof sources): URL {
  return new URL(isSource ? sources[name] : bundles[name], import.meta.url);
}
