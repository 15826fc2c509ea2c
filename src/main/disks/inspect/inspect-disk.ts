/**
 * Inspects a disk's guest bytes without mounting: partition table, boot, file systems, operating system. Read-only and
 * bounded; what cannot be told stays unknown, with the evidence why.
 */
import type { DiskInspection, DiskLayer, Partition } from '../../../shared/model/disk.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { DiskReader } from '../disk-reader.ts';
import { judgeBoot } from './boot.ts';
import { BudgetedReader, defaultBudget, type InspectionBudget } from './budgeted-reader.ts';
import { detectFileSystem, partitionVolume, type FoundFileSystem } from './file-systems.ts';
import { readLogicalVolumes } from './lvm.ts';
import { NtfsVolume } from './ntfs.ts';
import { readPartitionMap, type PartitionMap } from './partition-map.ts';
import { findSystems, type SearchedVolume } from './systems.ts';
import { attempt, type Volume } from './volume.ts';

/** No image has so many; a table that claims more is not worth its messages. */
const maxPartitions = 128;
const maxProblems = 32;

interface LookedAt {
  partition: Partition;
  volume: Volume;
}

/** A disk without a table may be one file system from its start to its end. */
async function wholeDisk(disk: Volume): Promise<LookedAt[]> {
  const found = await contentOf(disk);
  if (found.kind === 'unknown') return [];
  const partition: Partition = {
    number: 0, startBytes: 0, lengthBytes: disk.lengthBytes, type: 'none', name: null, role: 'data', isActive: false, fileSystem: found.kind, label: found.label,
  };
  return [{ partition, volume: disk }];
}

/** The file system of a volume with its label; unknown where even that goes beyond what may be read. */
async function contentOf(volume: Volume): Promise<FoundFileSystem> {
  const found = (await attempt(() => detectFileSystem(volume))).answer ?? { kind: 'unknown', label: null, statedBytes: null };
  if (found.kind !== 'ntfs') return found;
  const { answer } = await attempt(async () => (await NtfsVolume.open(volume)).label());
  return { ...found, label: answer };
}

async function lookAtPartitions(disk: Volume, map: PartitionMap, problems: Message[]): Promise<LookedAt[]> {
  const looked: LookedAt[] = [];
  for (const placed of map.partitions.slice(0, maxPartitions)) {
    const volume = partitionVolume(disk, placed.startBytes, placed.lengthBytes);
    const found = await contentOf(volume);
    looked.push({ partition: { ...placed, fileSystem: found.kind, label: found.label }, volume });
    if (found.statedBytes !== null && found.statedBytes > placed.lengthBytes) {
      problems.push(say('INSPECT_FILE_SYSTEM_TOO_LARGE', { partition: placed.number, fileSystem: found.kind, fileSystemBytes: found.statedBytes, partitionBytes: placed.lengthBytes }));
    }
  }
  return looked;
}

async function wholeDiskProblems(disk: Volume, problems: Message[]): Promise<void> {
  const found = await contentOf(disk);
  if (found.statedBytes !== null && found.statedBytes > disk.lengthBytes) {
    problems.push(say('INSPECT_FILE_SYSTEM_LARGER_THAN_DISK', { fileSystem: found.kind, fileSystemBytes: found.statedBytes, diskBytes: disk.lengthBytes }));
  }
}

/** Everything a system may lie on: partitions, and after each physical volume the logical volumes on it. */
async function searchedVolumes(looked: readonly LookedAt[]): Promise<SearchedVolume[]> {
  const searched: SearchedVolume[] = [];
  for (const { partition, volume } of looked) {
    const logical = partition.fileSystem === 'lvm' ? ((await attempt(() => readLogicalVolumes(volume))).answer ?? []) : [];
    // Where the volumes inside were found, they speak for their container.
    if (logical.length === 0) searched.push({ partition, volume, logicalVolume: null });
    for (const inside of logical) {
      const found = await contentOf(inside.volume);
      searched.push({ partition: { ...partition, fileSystem: found.kind }, volume: inside.volume, logicalVolume: inside.name });
    }
  }
  return searched;
}

function encryptionOf(looked: readonly SearchedVolume[]): DiskInspection['encryption'] {
  if (looked.some(({ partition }) => partition.fileSystem === 'bitlocker')) return 'bitlocker';
  return looked.some(({ partition }) => partition.fileSystem === 'luks') ? 'luks' : 'none';
}

/**
 * Inspects a disk through its reader.
 * @param layers the chain, as the engine found it; returned in the answer
 * @param budget how much may be read; the default is 64 MiB
 * @throws the reader's errors (`DISK_TRUNCATED` …) and the signal's reason; damage in the guest's own structures never throws.
 *   Internal snapshots belong to the file format and are left empty here.
 */
export async function inspectDisk(
  reader: DiskReader, layers: DiskLayer[], signal: AbortSignal, budget: InspectionBudget = defaultBudget,
): Promise<DiskInspection> {
  const startedAt = performance.now();
  const disk = new BudgetedReader(reader, signal, budget);
  const map = (await attempt(() => readPartitionMap(disk))).answer ?? { table: 'none' as const, partitions: [], problems: [say('INSPECT_TABLE_UNREADABLE')] };
  const problems = [...map.problems];
  if (map.partitions.length > maxPartitions) problems.push(say('INSPECT_TOO_MANY_PARTITIONS', { count: map.partitions.length, limit: maxPartitions }));
  const boot = await attempt(() => judgeBoot(disk, map));
  const looked = map.table === 'none' ? await wholeDisk(disk) : await lookAtPartitions(disk, map, problems);
  if (map.table === 'none') await wholeDiskProblems(disk, problems);
  const searched = await searchedVolumes(looked);
  const systems = await findSystems(searched);
  const [loaderArchitecture = null, ...others] = boot.answer?.architectures ?? [];
  if (systems.os.architecture === null && loaderArchitecture !== null && others.length === 0) {
    systems.os = { ...systems.os, architecture: loaderArchitecture };
    systems.osEvidence.push(say('INSPECT_ARCHITECTURE_FROM_LOADER', { architecture: loaderArchitecture }));
  }
  return {
    layers,
    virtualBytes: reader.virtualBytes,
    internalSnapshots: [],
    partitionTable: map.table,
    partitions: looked.map(({ partition }) => partition),
    boot: boot.answer?.boot ?? { bios: false, uefi: false, only: 'unknown', loaders: [], hasFallbackLoader: false, evidence: [say('INSPECT_BOOT_UNREADABLE')] },
    ...systems,
    encryption: encryptionOf(searched),
    problems: problems.slice(0, maxProblems),
    bytesRead: disk.bytesRead,
    durationMs: performance.now() - startedAt,
  };
}
