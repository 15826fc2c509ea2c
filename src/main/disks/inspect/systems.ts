/** Looks for an operating system on every volume, and says of each volume that tells nothing why it does not. */
import type { DiskInspection, FileSystemKind, Partition } from '../../../shared/model/disk.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import { BtrfsVolume } from './btrfs.ts';
import { Ext4Volume } from './ext4.ts';
import { findLinux, type FoundSystem } from './linux-system.ts';
import { NtfsVolume } from './ntfs.ts';
import { attempt, type StopReason, type Volume, type VolumeNode } from './volume.ts';
import { findWindows } from './windows-system.ts';
import { XfsVolume } from './xfs.ts';

interface Walker {
  /** The folders that may be a system's root, the likeliest first. */
  open: (volume: Volume) => Promise<VolumeNode[]>;
  find: (root: VolumeNode) => Promise<FoundSystem | null>;
}

const ext: Walker = { open: async (volume) => [await (await Ext4Volume.open(volume)).root()], find: findLinux };

const walkers: Partial<Record<FileSystemKind, Walker>> = {
  ext2: ext,
  ext3: ext,
  ext4: ext,
  btrfs: { open: async (volume) => (await BtrfsVolume.open(volume)).roots(), find: findLinux },
  xfs: { open: async (volume) => [await (await XfsVolume.open(volume)).root()], find: findLinux },
  ntfs: { open: async (volume) => [await (await NtfsVolume.open(volume)).root()], find: findWindows },
};

const stopMessages = { damaged: 'INSPECT_VOLUME_DAMAGED', unsupported: 'INSPECT_VOLUME_UNSUPPORTED', limit: 'INSPECT_VOLUME_LIMIT' } as const satisfies Record<StopReason, string>;

/** A partition's content, or one logical volume inside it (then `partition.fileSystem` is that of the logical volume). */
export interface SearchedVolume {
  partition: Partition;
  volume: Volume;
  logicalVolume: string | null;
}

export type Systems = Pick<DiskInspection, 'os' | 'osEvidence' | 'preparation' | 'hasVirtioStorage'>;

const nothing: DiskInspection['os'] = { family: 'unknown', distro: null, name: null, version: null, architecture: null };

/** A volume that cannot tell, and why; null where it is only data. */
function silence(partition: Partition): Message | null {
  const params = { partition: partition.number, fileSystem: partition.fileSystem };
  if (partition.fileSystem === 'luks' || partition.fileSystem === 'bitlocker') return say('INSPECT_VOLUME_ENCRYPTED', params);
  if (partition.fileSystem === 'lvm') return say('INSPECT_VOLUME_LVM', params);
  return null;
}

async function walk(walker: Walker, volume: Volume): Promise<FoundSystem | null> {
  for (const root of await walker.open(volume)) {
    const found = await walker.find(root);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Judges the systems on a disk. Two different ones leave the answer unknown: which of them starts is decided by settings
 * that are not read here.
 */
export async function findSystems(volumes: readonly SearchedVolume[]): Promise<Systems> {
  const evidence: Message[] = [];
  const found: FoundSystem[] = [];
  for (const { partition, volume, logicalVolume } of volumes) {
    const walker = walkers[partition.fileSystem];
    if (walker === undefined) {
      const reason = silence(partition);
      if (reason !== null) evidence.push(reason);
      continue;
    }
    const { answer, stopped } = await attempt(() => walk(walker, volume));
    if (stopped !== null) evidence.push(say(stopMessages[stopped], { partition: partition.number, fileSystem: partition.fileSystem }));
    if (answer === null) continue;
    found.push(answer);
    evidence.push(say('INSPECT_SYSTEM_FOUND', { partition: partition.number, path: logicalVolume === null ? answer.evidencePath : `${logicalVolume}: ${answer.evidencePath}`, system: answer.os.name ?? answer.os.family }));
    if (!answer.isSettled) evidence.push(say('INSPECT_REGISTRY_UNSETTLED', { partition: partition.number }));
  }
  const [first] = found;
  if (first === undefined) return { os: nothing, osEvidence: [...evidence, say('INSPECT_NO_SYSTEM')], preparation: [], hasVirtioStorage: null };
  if (found.some((system) => system.os.family !== first.os.family || system.os.distro !== first.os.distro)) {
    return { os: nothing, osEvidence: [...evidence, say('INSPECT_SEVERAL_SYSTEMS')], preparation: [], hasVirtioStorage: null };
  }
  return { os: first.os, osEvidence: evidence, preparation: first.preparation, hasVirtioStorage: first.hasVirtioStorage };
}
