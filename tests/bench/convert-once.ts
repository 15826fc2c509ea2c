/** One conversion in a process of its own; says how long the call took. */
import { WorkerDiskEngine, type ConvertJob } from '../../src/main/disks/disk-engine.ts';

const engine = new WorkerDiskEngine();
const startedAt = performance.now();
await engine.convert(JSON.parse(process.argv[2] ?? '{}') as ConvertJob, () => undefined);
console.log(`seconds=${(performance.now() - startedAt) / 1000}`);
await engine.dispose();
