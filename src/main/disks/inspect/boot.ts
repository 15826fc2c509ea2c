/** What a disk can boot with: the loaders on its EFI system partitions, the boot code before its partition table. */
import type { DiskInspection } from '../../../shared/model/disk.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import { FatVolume, type FatEntry } from './fat.ts';
import { partitionVolume } from './file-systems.ts';
import { classifyBootCode, mbrSectorBytes } from './mbr.ts';
import type { PartitionMap, PlacedPartition } from './partition-map.ts';
import { headerBytes, peArchitecture } from './program-header.ts';
import { attempt, WalkStopped, type Volume } from './volume.ts';

type Boot = DiskInspection['boot'];

const maxLoaders = 64;
const maxFolders = 128;
const maxDepth = 4;
/** Programs that lie beside loaders but start nothing: key enrolment, boot entry repair, firmware update, memory test, shell. */
const tools = /^(mm|fb|fwup|fwupd|memtest|shell)(x64|ia32|aa64|riscv64|loongarch64|86\+?x64)?\.efi$/i;
const fallback = /^\/EFI\/BOOT\/BOOT(X64|IA32|AA64|RISCV64|LOONGARCH64)\.EFI$/i;

const bootCodeMessages = { windows: 'INSPECT_BOOT_CODE_WINDOWS', syslinux: 'INSPECT_BOOT_CODE_SYSLINUX', other: 'INSPECT_BOOT_CODE_OTHER' } as const;

export interface BootFindings {
  boot: Boot;
  /** Processors that the loaders are made for. */
  architectures: Set<string>;
}

interface Loaders {
  paths: string[];
  architectures: Set<string>;
}

/** All EFI programs below /EFI; what is called so but is no program does not count. */
async function findLoaders(volume: Volume): Promise<Loaders> {
  const fat = await FatVolume.open(volume);
  const found: Loaders = { paths: [], architectures: new Set() };
  const top = (await fat.root()).find((entry) => entry.isFolder && entry.name.toUpperCase() === 'EFI');
  let level: { path: string; folder: FatEntry }[] = top === undefined ? [] : [{ path: `/${top.name}`, folder: top }];
  let folders = 0;
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    const next: typeof level = [];
    for (const { path, folder } of level) {
      folders += 1;
      if (folders > maxFolders) throw new WalkStopped('limit', 'too many folders');
      for (const entry of await fat.list(folder)) {
        const entryPath = `${path}/${entry.name}`;
        if (entry.isFolder) next.push({ path: entryPath, folder: entry });
        else if (/\.efi$/i.test(entry.name) && !tools.test(entry.name) && found.paths.length < maxLoaders) {
          const program = peArchitecture(await fat.readStart(entry, headerBytes));
          if (!program.isProgram) continue;
          found.paths.push(entryPath);
          if (program.architecture !== null) found.architectures.add(program.architecture);
        }
      }
    }
    level = next;
  }
  found.paths.sort((a, b) => a.localeCompare(b, 'en'));
  return found;
}

async function judgeEfi(disk: Volume, partition: PlacedPartition, findings: BootFindings): Promise<void> {
  const { boot } = findings;
  const { answer: loaders } = await attempt(() => findLoaders(partitionVolume(disk, partition.startBytes, partition.lengthBytes)));
  if (loaders === null) {
    boot.evidence.push(say('INSPECT_ESP_UNREADABLE', { partition: partition.number }));
    return;
  }
  if (loaders.paths.length === 0) boot.evidence.push(say('INSPECT_ESP_EMPTY', { partition: partition.number }));
  for (const loader of loaders.paths) {
    boot.evidence.push(say('INSPECT_ESP_LOADER', { partition: partition.number, loader }));
    boot.loaders.push(loader);
    boot.uefi = true;
    if (fallback.test(loader)) boot.hasFallbackLoader = true;
  }
  for (const architecture of loaders.architectures) findings.architectures.add(architecture);
}

async function isEmpty(disk: Volume, offset: number): Promise<boolean> {
  if (offset + mbrSectorBytes > disk.lengthBytes) return true;
  return (await disk.read(offset, mbrSectorBytes)).every((byte) => byte === 0);
}

/** Whether the active partition has a boot sector of its own for the code in the MBR to start. */
async function activeBootSector(disk: Volume, partitions: readonly PlacedPartition[]): Promise<PlacedPartition | null> {
  for (const partition of partitions) {
    if (!partition.isActive || partition.startBytes + mbrSectorBytes > disk.lengthBytes) continue;
    const sector = await disk.read(partition.startBytes, mbrSectorBytes);
    if (sector.readUInt16LE(510) === 0xaa55 && (sector.readUInt8(0) === 0xeb || sector.readUInt8(0) === 0xe9 || sector.readUInt8(0) === 0xfa)) return partition;
  }
  return null;
}

async function judgeBios(disk: Volume, map: PartitionMap, boot: Boot): Promise<void> {
  const note = (item: Message): number => boot.evidence.push(item);
  const code = classifyBootCode(await disk.read(0, mbrSectorBytes));
  for (const partition of map.partitions.filter((item) => item.role === 'bios-boot')) {
    const empty = await isEmpty(disk, partition.startBytes);
    note(say(empty ? 'INSPECT_BIOS_BOOT_EMPTY' : 'INSPECT_BIOS_BOOT_FILLED', { partition: partition.number }));
  }
  if (code.kind === 'none') {
    note(say('INSPECT_BOOT_CODE_NONE'));
  } else if (code.kind === 'grub') {
    const isCoreThere = code.coreOffsetBytes > 0 && !(await isEmpty(disk, code.coreOffsetBytes));
    boot.bios = isCoreThere;
    note(say(isCoreThere ? 'INSPECT_BOOT_CODE_GRUB' : 'INSPECT_BOOT_CODE_GRUB_NO_CORE', { coreOffset: code.coreOffsetBytes }));
  } else {
    // Windows writes its boot code to GPT disks too, where it can start nothing: only an active boot sector makes it count.
    const active = await activeBootSector(disk, map.partitions);
    boot.bios = active !== null;
    if (active === null) note(say(`${bootCodeMessages[code.kind]}_NO_ACTIVE`));
    else note(say(`${bootCodeMessages[code.kind]}_ACTIVE`, { partition: active.number }));
  }
}

/** Judges both ways of booting. Neither or both leaves `only` unknown; the evidence says which. */
export async function judgeBoot(disk: Volume, map: PartitionMap): Promise<BootFindings> {
  const boot: Boot = { bios: false, uefi: false, only: 'unknown', loaders: [], hasFallbackLoader: false, evidence: [] };
  const findings: BootFindings = { boot, architectures: new Set() };
  for (const partition of map.partitions.filter((item) => item.role === 'efi-system').slice(0, 8)) await judgeEfi(disk, partition, findings);
  if (boot.uefi) boot.evidence.push(say(boot.hasFallbackLoader ? 'INSPECT_FALLBACK_THERE' : 'INSPECT_FALLBACK_MISSING'));
  if (map.table === 'none') boot.evidence.push(say('INSPECT_NO_TABLE'));
  else await judgeBios(disk, map, boot);
  if (boot.bios !== boot.uefi) boot.only = boot.uefi ? 'uefi' : 'bios';
  else boot.evidence.push(say(boot.bios ? 'INSPECT_BOOTS_BOTH' : 'INSPECT_BOOTS_NOTHING'));
  return findings;
}
