/**
 * `npm run bench:judge`: the rules over 50 000 inspected images, as a complete pass would run them. Goal: at most 2 s (median of five).
 * `--quick` judges a tenth of them once, cold and on whatever machine, against the same goal.
 */
import { parseArgs } from 'node:util';
import { judge } from '../../src/shared/model/finding.ts';
import { noAttributes } from '../../src/shared/model/business-attributes.ts';
import { diskInspection } from '../../src/shared/model/disk.ts';
import type { ImageRecord } from '../../src/main/platforms/inventory-records.ts';
import { judgeImageRecord } from '../../src/main/source-vms/judge.ts';
import { unknownOs } from '../../src/shared/model/os.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const count = values.quick ? 5000 : 50_000;
const runs = values.quick ? 1 : 5;
const goalMs = 2000;

const inspection = diskInspection.parse({
  layers: [{ path: '/library/image.qcow2', format: 'qcow2', variant: 'v3', virtualBytes: 1, actualBytes: 1, fileBytes: 1, clusterBytes: 65536, compression: null }], virtualBytes: 1, internalSnapshots: [], partitionTable: 'gpt', partitions: [],
  boot: { bios: false, uefi: true, only: 'uefi', loaders: ['/EFI/debian/shimx64.efi'], hasFallbackLoader: false, evidence: [] },
  os: { family: 'linux', distro: 'ubuntu', name: 'Ubuntu 24.04', version: '24.04', architecture: 'x86_64' },
  osEvidence: [], encryption: 'none', hasVirtioStorage: null, preparation: [], problems: [], bytesRead: 1, durationMs: 1,
});
const cards = ['virtio', 'cirrus', 'qxl', null] as const;
const modes = ['uefi', 'bios', 'unknown'] as const;

const record = (index: number): ImageRecord => ({
  externalId: `image-${index}`, name: `image-${index}`, form: 'image', scope: 'system', format: 'qcow2', virtualBytes: 2 ** 30, actualBytes: 2 ** 29, os: unknownOs,
  bootMode: modes[index % modes.length] ?? 'unknown', videoModel: cards[index % cards.length] ?? null, instructions: [], diskPath: '/library/image.qcow2', fingerprint: '1',
});
const records = Array.from({ length: count }, (_, index) => record(index));
const context = { attributes: { ...noAttributes, osType: 'linux', osDistro: 'ubuntu' }, kind: 'openstack', isOwnedByManagement: true, canPatch: true } as const;

const times: number[] = [];
for (let run = 0; run < runs; run += 1) {
  const startedAt = performance.now();
  let ready = 0;
  for (const image of records) if (judge(judgeImageRecord(image, { inspection, error: null }, context).judgement.findings) === 'ready') ready += 1;
  times.push(performance.now() - startedAt);
  if (ready !== 0) throw new Error(`${ready} images without their fallback loader were judged ready`);
}
const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.POSITIVE_INFINITY;
process.stdout.write(`${count} images judged in ${Math.round(median)} ms (median of ${runs}; goal ${goalMs} ms)\n`);
process.exitCode = median <= goalMs ? 0 : 1;
