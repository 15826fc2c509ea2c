/** A process that converts a disk and is there to be killed. */
import { WorkerDiskEngine, type ConvertJob } from '../../../src/main/disks/disk-engine.ts';

const engine = new WorkerDiskEngine();
await engine.convert(JSON.parse(process.argv[2] ?? '{}') as ConvertJob, () => undefined);
await engine.dispose();
