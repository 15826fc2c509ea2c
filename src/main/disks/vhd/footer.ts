/**
 * The 512-byte footer of a VHD file: parsing, the size it means, and building one. Layout: Microsoft's "Virtual Hard Disk Image
 * Format Specification" (2006).
 */
import { randomBytes } from 'node:crypto';
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64, writeU64 } from '../big-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';

export const vhdCookie = Buffer.from('conectix', 'latin1');
export const footerBytes = 512;
/** Seconds from 1970 to 2000-01-01 00:00 UTC, where VHD's clock starts. */
const epoch2000 = 946_684_800;

export type VhdVariant = 'fixed' | 'dynamic' | 'differencing';

export interface VhdFooter {
  variant: VhdVariant;
  dataOffset: number;
  creator: string;
  originalBytes: number;
  currentBytes: number;
  /** Cylinders × heads × sectors × 512. */
  geometryBytes: number;
  isGeometryMaximal: boolean;
  uniqueId: string;
  isSavedState: boolean;
  /** The raw bytes, to compare both copies. */
  bytes: Buffer;
}

const variants: Readonly<Record<number, VhdVariant>> = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' };

/** One's complement of the byte sum, with the checksum field itself taken as zero. */
export function vhdChecksum(bytes: Buffer, fieldAt: number): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    if (index < fieldAt || index >= fieldAt + 4) sum += bytes[index] ?? 0;
  }
  return ~sum >>> 0;
}

/** Null where this is no footer, or a damaged one: the checksum decides. Old footers have 511 bytes; the last one is then zero. */
export function parseFooter(found: Buffer): VhdFooter | null {
  const bytes = found.length === footerBytes ? found : Buffer.concat([found, Buffer.alloc(footerBytes - found.length)]);
  if (!bytes.subarray(0, 8).equals(vhdCookie) || bytes.readUInt32BE(64) !== vhdChecksum(bytes, 64)) return null;
  const variant = variants[bytes.readUInt32BE(60)];
  if (variant === undefined) return null;
  const cylinders = bytes.readUInt16BE(56);
  const heads = bytes.readUInt8(58);
  const sectors = bytes.readUInt8(59);
  return {
    variant,
    dataOffset: readU64(bytes, 16),
    creator: bytes.toString('latin1', 28, 32),
    originalBytes: readU64(bytes, 40),
    currentBytes: readU64(bytes, 48),
    geometryBytes: cylinders * heads * sectors * 512,
    isGeometryMaximal: cylinders === 65_535 && heads === 16 && sectors === 255,
    uniqueId: bytes.toString('hex', 68, 84),
    isSavedState: bytes.readUInt8(84) !== 0,
    bytes,
  };
}

/**
 * The disk's size. Readers disagree for creators that meant the geometry; since 2025 those are `vpc ` and `qemu` only, everybody
 * else's current size is exact.
 */
export function vhdVirtualBytes(footer: VhdFooter): number {
  const meansGeometry = (footer.creator === 'vpc ' || footer.creator === 'qemu') && !footer.isGeometryMaximal && footer.geometryBytes > 0;
  return meansGeometry ? footer.geometryBytes : footer.currentBytes;
}

/** Creators whose current size every reader takes as it stands, also those from before 2025. */
const exactCreators: ReadonlySet<string> = new Set(['win ', 'qem2', 'd2v ', 'CTXS', 'tap\0']);

/** Whether programs differ in how large this disk is: some take its current size, some its geometry. */
export function isSizeDisputed(footer: VhdFooter): boolean {
  if (exactCreators.has(footer.creator) || footer.isGeometryMaximal || footer.geometryBytes === 0) return false;
  return footer.currentBytes !== footer.geometryBytes;
}

/** A valid footer at the end of the file (512 bytes, or 511 as old programs wrote), without judging the rest. */
export async function findTailFooter(
  source: BlockSource, signal?: AbortSignal,
): Promise<{ footer: VhdFooter; footerBytes: number; isFixed: boolean; currentBytes: number } | null> {
  for (const length of [512, 511]) {
    if (source.sizeBytes < length) continue;
    const [bytes] = await source.read([{ offset: source.sizeBytes - length, length }], signal);
    const footer = bytes === undefined ? null : parseFooter(bytes);
    if (footer !== null) return { footer, footerBytes: length, isFixed: footer.variant === 'fixed', currentBytes: vhdVirtualBytes(footer) };
  }
  return null;
}

/** Both copies must tell the same disk; the fields that matter are compared, and a mismatch is refused. */
export function requireSameFooter(path: string, tail: VhdFooter, head: VhdFooter): void {
  if (!tail.bytes.subarray(0, 85).equals(head.bytes.subarray(0, 85))) throw new CodedError('DISK_VHD_FOOTERS_DISAGREE', { path });
}

/**
 * A footer as this program writes it. The creator is `win ` because every reader, old or new, then takes the current size as it
 * stands; the geometry is the nearest one below and only decoration.
 */
export function buildFooter(target: { variant: 'fixed' | 'dynamic'; virtualBytes: number; createdAt: number }): Buffer {
  const footer = Buffer.alloc(footerBytes);
  vhdCookie.copy(footer, 0);
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x0001_0000, 12);
  if (target.variant === 'fixed') footer.fill(0xff, 16, 24);
  else writeU64(footer, footerBytes, 16);
  footer.writeUInt32BE(Math.max(0, Math.floor(target.createdAt / 1000) - epoch2000), 24);
  footer.write('win ', 28, 'latin1');
  footer.writeUInt32BE(0x000a_0000, 32);
  footer.write('Wi2k', 36, 'latin1');
  writeU64(footer, target.virtualBytes, 40);
  writeU64(footer, target.virtualBytes, 48);
  const { cylinders, heads, sectors } = geometry(target.virtualBytes / 512);
  footer.writeUInt16BE(cylinders, 56);
  footer.writeUInt8(heads, 58);
  footer.writeUInt8(sectors, 59);
  footer.writeUInt32BE(target.variant === 'fixed' ? 2 : 3, 60);
  randomBytes(16).copy(footer, 68);
  footer.writeUInt32BE(vhdChecksum(footer, 64), 64);
  return footer;
}

/** The specification's own CHS calculation (its appendix), from a number of sectors. */
function geometry(totalSectors: number): { cylinders: number; heads: number; sectors: number } {
  const total = Math.min(totalSectors, 65_535 * 16 * 255);
  if (total >= 65_535 * 16 * 63) return { cylinders: Math.floor(total / 255 / 16), heads: 16, sectors: 255 };
  let sectors = 17;
  let tracks = Math.floor(total / sectors);
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024));
  if (tracks >= heads * 1024 || heads > 16) {
    sectors = 31;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  if (tracks >= heads * 1024) {
    sectors = 63;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectors };
}
