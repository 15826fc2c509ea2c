/** Disk files and what inspection found in them. Everything here comes from untrusted bytes: evidence, never a guess. */
import { z } from 'zod';
import { message } from './message-schema.ts';
import { bootMode, osIdentity } from './os.ts';

export const diskFormat = z.enum(['raw', 'qcow2', 'vhd', 'vhdx', 'vmdk']);
export type DiskFormat = z.infer<typeof diskFormat>;

/** Formats that can be written; `vhd` alone means dynamic. */
export const diskTargetFormat = z.enum(['qcow2', 'vhd', 'vhd-fixed', 'raw']);
export type DiskTargetFormat = z.infer<typeof diskTargetFormat>;

export const clusterCompression = z.enum(['zlib', 'zstd']);
export type ClusterCompression = z.infer<typeof clusterCompression>;

/** One file of a chain; the first is the one asked about, the last has no base. */
export const diskLayer = z.object({
  path: z.string(),
  format: diskFormat,
  /** `dynamic`, `fixed`, `differencing`, `v2`, `v3`, `monolithicSparse` …; for people. */
  variant: z.string().nullable(),
  virtualBytes: z.number(),
  /** Bytes the file takes up on its file system. */
  actualBytes: z.number(),
  fileBytes: z.number(),
  clusterBytes: z.number().nullable(),
  compression: clusterCompression.nullable(),
});
export type DiskLayer = z.infer<typeof diskLayer>;

export const fileSystemKind = z.enum([
  'ntfs', 'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'fat12', 'fat16', 'fat32', 'exfat', 'iso9660', 'swap', 'lvm', 'luks', 'bitlocker', 'unknown',
]);
export type FileSystemKind = z.infer<typeof fileSystemKind>;

export const partition = z.object({
  number: z.number().int(),
  startBytes: z.number(),
  lengthBytes: z.number(),
  /** GPT type GUID in lower case, or the MBR type as `0x07`. */
  type: z.string(),
  name: z.string().nullable(),
  /** The firmware's system partition (ESP), BIOS boot partition, or nothing special. */
  role: z.enum(['efi-system', 'bios-boot', 'data']),
  isActive: z.boolean(),
  fileSystem: fileSystemKind,
  label: z.string().nullable(),
});
export type Partition = z.infer<typeof partition>;

/** Which disk of a file that holds several. Absent = the only one, in its active state. */
export const diskChoice = z.strictObject({
  /** Name of the disk in an archive. */
  member: z.string().min(1).max(1024).optional(),
  /** Id or name of an internal snapshot of a qcow2 disk. */
  snapshot: z.string().min(1).max(1024).optional(),
});
export type DiskChoice = z.infer<typeof diskChoice>;

/** A disk in an archive. */
export const archivedDisk = z.object({ name: z.string(), sizeBytes: z.number() });
export type ArchivedDisk = z.infer<typeof archivedDisk>;

export const diskInspection = z.object({
  layers: z.array(diskLayer).min(1),
  virtualBytes: z.number(),
  internalSnapshots: z.array(z.object({ id: z.string(), name: z.string() })),
  partitionTable: z.enum(['gpt', 'mbr', 'hybrid', 'none']),
  partitions: z.array(partition),
  /** What the disk can boot with, from its loaders and boot code. */
  boot: z.object({
    bios: z.boolean(),
    uefi: z.boolean(),
    /** The one mode it can boot with; `unknown` when it can do neither or both. */
    only: bootMode,
    /** Loaders found on the ESP, as paths (`/EFI/BOOT/BOOTX64.EFI`). */
    loaders: z.array(z.string()),
    hasFallbackLoader: z.boolean(),
    /** What the answer rests on, in the order found. */
    evidence: z.array(message),
  }),
  os: osIdentity.omit({ source: true }),
  osEvidence: z.array(message),
  /** BitLocker, LUKS, or encryption of the disk format itself. */
  encryption: z.enum(['none', 'bitlocker', 'luks', 'format']),
  /** viostor or vioscsi is boot-start; null where it is not a Windows disk or could not be told. */
  hasVirtioStorage: z.boolean().nullable(),
  /** Traces of preparation for cloning: `cloud-init`, `sysprep`. */
  preparation: z.array(z.string()),
  /** What is wrong or odd about the disk itself (backup GPT missing, file system larger than its partition …). */
  problems: z.array(message),
  bytesRead: z.number(),
  durationMs: z.number(),
});
export type DiskInspection = z.infer<typeof diskInspection>;

/**
 * A disk in equal parts from its beginning to its end, for a picture: how much of each part lies in the file itself, plain or
 * compressed, or in a base below it. The rest of a part reads as zeros.
 */
export const diskMap = z.object({
  virtualBytes: z.number(),
  partBytes: z.number(),
  parts: z.array(z.object({ dataBytes: z.number(), compressedBytes: z.number(), baseBytes: z.number() })),
});
export type DiskMap = z.infer<typeof diskMap>;

/**
 * Identity of a disk's guest-visible bytes, the same whatever the file format: blocks of 2 MiB, the last one padded with
 * zeros, the virtual size beside it. `fast` is for resume and read-back, `content` is what versions are compared by.
 */
export const diskIdentity = z.object({
  level: z.enum(['fast', 'content']),
  /** `gp1-xxh128` or `gp1-sha256`: tagged, so that a later algorithm cannot be mistaken for this one. */
  algorithm: z.string(),
  virtualBytes: z.number(),
  /** Lower-case hexadecimal. */
  digest: z.string(),
});
export type DiskIdentity = z.infer<typeof diskIdentity>;
