/** Where things lie on a FAT volume, from its boot sector; checked, because any sector may end up being asked. */
import { fieldText } from './volume.ts';

export interface FatLayout {
  kind: 'fat12' | 'fat16' | 'fat32';
  label: string | null;
  totalBytes: number;
  clusterBytes: number;
  clusterCount: number;
  fatOffset: number;
  fatBytes: number;
  /** Offset and length of the fixed root folder; FAT32 has a root cluster instead. */
  rootOffset: number;
  rootBytes: number;
  rootCluster: number;
  dataOffset: number;
}

const sectorSizes = new Set([512, 1024, 2048, 4096]);
const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

/** The kind follows from the number of clusters alone, as the specification says. Null where the sector is no FAT boot sector. */
export function parseFatLayout(boot: Buffer, volumeBytes: number): FatLayout | null {
  const sectorBytes = boot.readUInt16LE(11);
  const clusterSectors = boot.readUInt8(13);
  const reserved = boot.readUInt16LE(14);
  const fats = boot.readUInt8(16);
  const rootEntries = boot.readUInt16LE(17);
  const media = boot.readUInt8(21);
  const jump = boot.readUInt8(0);
  if (!sectorSizes.has(sectorBytes) || !isPowerOfTwo(clusterSectors) || reserved === 0 || fats < 1 || fats > 2) return null;
  if ((media < 0xf8 && media !== 0xf0) || (jump !== 0xeb && jump !== 0xe9)) return null;
  const small = boot.readUInt16LE(22);
  const fatSectors = small === 0 ? boot.readUInt32LE(36) : small;
  const sectors = boot.readUInt16LE(19) === 0 ? boot.readUInt32LE(32) : boot.readUInt16LE(19);
  const rootBytes = Math.ceil((rootEntries * 32) / sectorBytes) * sectorBytes;
  const fatOffset = reserved * sectorBytes;
  const rootOffset = fatOffset + fats * fatSectors * sectorBytes;
  const dataOffset = rootOffset + rootBytes;
  const totalBytes = sectors * sectorBytes;
  const clusterBytes = clusterSectors * sectorBytes;
  if (fatSectors === 0 || dataOffset >= totalBytes || dataOffset >= volumeBytes) return null;
  const clusterCount = Math.floor((totalBytes - dataOffset) / clusterBytes);
  const kind = clusterCount < 4085 ? 'fat12' : clusterCount < 65_525 ? 'fat16' : 'fat32';
  // mkfs makes FAT32 also on small volumes; the missing 16-bit size is what readers go by then.
  const isFat32 = small === 0 && rootEntries === 0;
  const text = fieldText(boot.subarray(isFat32 ? 71 : 43, isFat32 ? 82 : 54), 'latin1');
  return {
    kind: isFat32 ? 'fat32' : kind,
    label: text === 'NO NAME' ? null : text,
    totalBytes,
    clusterBytes,
    clusterCount,
    fatOffset,
    fatBytes: fatSectors * sectorBytes,
    rootOffset,
    rootBytes,
    rootCluster: isFat32 ? boot.readUInt32LE(44) : 0,
    dataOffset,
  };
}
