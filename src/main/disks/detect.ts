/**
 * Which format a disk file has, from its bytes alone (a file's name says nothing). A file that fits two formats at once is refused:
 * two programs would see two different disks in it.
 */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { DiskFormat } from '../../shared/model/disk.ts';
import { isTarHeader, tarBlockBytes } from './ova/tar.ts';
import type { BlockSource } from './sources/block-source.ts';
import { findTailFooter, vhdCookie } from './vhd/footer.ts';
import { vhdxSignature } from './vhdx/headers.ts';
import { descriptorSignature } from './vmdk/descriptor.ts';
import { vmdkMagic } from './vmdk/header.ts';

interface Signature {
  /** The name people know it by. */
  name: string;
  /** Null = recognized only to be refused. */
  format: Detection['format'] | null;
  at: number;
  bytes: Buffer;
}

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

const signatures: readonly Signature[] = [
  { name: 'qcow2', format: 'qcow2', at: 0, bytes: latin('QFI\xfb') },
  { name: 'VHD', format: 'vhd', at: 0, bytes: vhdCookie },
  { name: 'VHDX', format: 'vhdx', at: 0, bytes: vhdxSignature },
  { name: 'VMDK', format: 'vmdk', at: 0, bytes: vmdkMagic },
  { name: 'VMDK', format: 'vmdk', at: 0, bytes: descriptorSignature },
  { name: 'VMDK (COWD)', format: null, at: 0, bytes: latin('COWD') },
  { name: 'VMDK (SESparse)', format: null, at: 0, bytes: Buffer.from('bebafeca00000000', 'hex') },
  { name: 'VDI', format: null, at: 0x40, bytes: Buffer.from('7f10dabe', 'hex') },
  { name: 'QED', format: null, at: 0, bytes: latin('QED\0') },
  { name: 'gzip', format: null, at: 0, bytes: Buffer.from('1f8b08', 'hex') },
  { name: 'xz', format: null, at: 0, bytes: Buffer.from('fd377a585a00', 'hex') },
  { name: 'zstd', format: null, at: 0, bytes: Buffer.from('28b52ffd', 'hex') },
  { name: 'Parallels', format: null, at: 0, bytes: latin('WithoutFreeSpace') },
  { name: 'Parallels', format: null, at: 0, bytes: latin('WithouFreSpacExt') },
];

/** Raw disks may carry this one (hybrid installation media do); a disk of another format may not. */
const iso: Signature = { name: 'ISO 9660', format: null, at: 0x8001, bytes: latin('CD001') };

const probeBytes = 0x8006;

export interface Detection {
  /** `ova`: an archive with a disk in it. */
  format: DiskFormat | 'ova';
}

/** `DISK_FORMAT_NOT_READ` for a format that is known and not read, `DISK_FORMAT_AMBIGUOUS` for a file that is two things. */
export async function detectFormat(source: BlockSource, signal?: AbortSignal): Promise<Detection> {
  const path = source.label;
  if (source.sizeBytes === 0) throw new CodedError('DISK_EMPTY', { path });
  const [head] = await source.read([{ offset: 0, length: Math.min(probeBytes, source.sizeBytes) }], signal);
  const matches = signatures.filter((signature) => head !== undefined && has(head, signature));
  if (head !== undefined && isTarHeader(head.subarray(0, tarBlockBytes))) {
    matches.push({ name: 'OVA', format: 'ova', at: 0, bytes: Buffer.alloc(0) });
    // The two bytes that end boot code lie where a tar header is always empty.
    if (head.readUInt16LE(510) === 0xaa55) matches.push({ name: 'raw', format: 'raw', at: 510, bytes: Buffer.alloc(0) });
  }
  const tail = await findTailFooter(source, signal);
  // A dynamic VHD carries its footer at both ends: that is one format, not two.
  if (tail !== null && !matches.some((match) => match.format === 'vhd')) {
    matches.push({ name: 'VHD', format: 'vhd', at: source.sizeBytes, bytes: vhdCookie });
    if (!tail.isFixed || tail.currentBytes + tail.footerBytes !== source.sizeBytes) {
      // The last sector names VHD, and nothing else fits: a raw disk that ends so, or a VHD that lost its head.
      throw new CodedError('DISK_FORMAT_AMBIGUOUS', { path, first: matches.length > 1 ? (matches[0]?.name ?? 'raw') : 'raw', second: 'VHD' });
    }
  }
  if (matches.length > 0 && head !== undefined && has(head, iso) && matches.some((match) => match.at === 0)) matches.push(iso);
  const [first, second] = matches;
  if (first === undefined) return { format: 'raw' };
  if (second !== undefined) throw new CodedError('DISK_FORMAT_AMBIGUOUS', { path, first: first.name, second: second.name });
  if (first.format === null) throw new CodedError('DISK_FORMAT_NOT_READ', { path, format: first.name });
  return { format: first.format };
}

function has(head: Buffer, signature: Signature): boolean {
  return head.length >= signature.at + signature.bytes.length && head.subarray(signature.at, signature.at + signature.bytes.length).equals(signature.bytes);
}
