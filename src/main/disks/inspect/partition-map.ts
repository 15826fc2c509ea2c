/** Which partitions a disk has, from whichever table it has, and what is wrong with where they lie. */
import type { DiskInspection, Partition } from '../../../shared/model/disk.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import { readGpt } from './gpt.ts';
import { readMbr, type MbrEntry } from './mbr.ts';
import type { Volume } from './volume.ts';

/** A partition before its content was looked at. */
export type PlacedPartition = Omit<Partition, 'fileSystem' | 'label'>;

export interface PartitionMap {
  table: DiskInspection['partitionTable'];
  partitions: PlacedPartition[];
  problems: Message[];
}

export const efiSystemGuid = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const biosBootGuid = '21686148-6449-6e6f-744e-656564454649';
const efiSystemType = 0xef;

function roleOfGuid(guid: string): Partition['role'] {
  if (guid === efiSystemGuid) return 'efi-system';
  return guid === biosBootGuid ? 'bios-boot' : 'data';
}

function fromMbr(entry: MbrEntry): PlacedPartition {
  return {
    number: entry.number,
    startBytes: entry.startBytes,
    lengthBytes: entry.lengthBytes,
    type: `0x${entry.type.toString(16).padStart(2, '0')}`,
    name: null,
    role: entry.type === efiSystemType ? 'efi-system' : 'data',
    isActive: entry.isActive,
  };
}

/** Partitions past the end of the disk, and pairs that share bytes. */
function placementProblems(partitions: readonly PlacedPartition[], diskBytes: number): Message[] {
  const problems: Message[] = [];
  const sorted = [...partitions].sort((a, b) => a.startBytes - b.startBytes);
  let previous: PlacedPartition | null = null;
  for (const partition of sorted) {
    const end = partition.startBytes + partition.lengthBytes;
    if (end > diskBytes) problems.push(say('INSPECT_PARTITION_PAST_END', { partition: partition.number, endBytes: end, diskBytes }));
    if (previous !== null && partition.startBytes < previous.startBytes + previous.lengthBytes) {
      problems.push(say('INSPECT_PARTITIONS_OVERLAP', { first: previous.number, second: partition.number }));
    }
    if (previous === null || end > previous.startBytes + previous.lengthBytes) previous = partition;
  }
  return problems;
}

/** Reads the partition table. A GPT counts only with its protective entry or without any MBR, as firmware sees it. */
export async function readPartitionMap(disk: Volume): Promise<PartitionMap> {
  const mbr = await readMbr(disk);
  const gpt = mbr === null || mbr.hasProtectiveEntry ? await readGpt(disk) : null;
  if (gpt !== null) {
    const active = new Set((mbr?.entries ?? []).filter((entry) => entry.isActive).map((entry) => entry.startBytes));
    const partitions = gpt.entries.map((entry): PlacedPartition => ({
      number: entry.number,
      startBytes: entry.startBytes,
      lengthBytes: entry.lengthBytes,
      type: entry.typeGuid,
      name: entry.name,
      role: roleOfGuid(entry.typeGuid),
      isActive: entry.isLegacyBoot || active.has(entry.startBytes),
    }));
    const problems = [...gpt.problems, ...placementProblems(partitions, disk.lengthBytes)];
    if (mbr === null) problems.push(say('INSPECT_GPT_NO_PROTECTIVE_MBR'));
    return { table: mbr !== null && mbr.entries.length > 0 ? 'hybrid' : 'gpt', partitions, problems };
  }
  if (mbr !== null) {
    const partitions = mbr.entries.map(fromMbr);
    const problems = placementProblems(partitions, disk.lengthBytes);
    if (mbr.isChainBroken) problems.push(say('INSPECT_LOGICAL_CHAIN_BROKEN'));
    if (mbr.hasProtectiveEntry) problems.push(say('INSPECT_GPT_BOTH_DAMAGED'));
    return { table: 'mbr', partitions, problems };
  }
  return { table: 'none', partitions: [], problems: [] };
}
