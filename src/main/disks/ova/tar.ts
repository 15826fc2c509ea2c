/**
 * The entries of a tar archive: ustar, with the long names of pax and GNU. Only plain files under safe names are accepted; whatever
 * two programs could read differently is refused. Nothing is unpacked.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { readPax } from './pax.ts';

export const tarBlockBytes = 512;
const maxEntries = 1024;
const maxExtendedBytes = 64 * 1024;
const maxNameBytes = 1024;

export interface TarEntry {
  name: string;
  /** Where its bytes begin in the archive. */
  offset: number;
  sizeBytes: number;
}

/** Values that an extended header gives for the entry behind it. */
interface Extended {
  name?: string;
  sizeBytes?: number;
}

/** Whether a first block is the header of a tar archive: the mark of ustar or GNU, and a right checksum. */
export function isTarHeader(block: Buffer): boolean {
  return block.length >= tarBlockBytes && block.toString('latin1', 257, 262) === 'ustar' && hasRightChecksum(block);
}

/** All entries in the order of the archive. Refuses links, unsafe names, names that come twice, and entries that leave the file. */
export async function readTarEntries(source: BlockSource, signal?: AbortSignal): Promise<TarEntry[]> {
  const path = source.label;
  const entries: TarEntry[] = [];
  const names = new Set<string>();
  let extended: Extended = {};
  let headers = 0;
  for (let at = 0; ;) {
    const header = await readHeader(source, at, signal);
    if (header === null) break;
    headers += 1;
    if (headers > maxEntries) throw new CodedError('DISK_OVA_TOO_MANY', { path, limit: maxEntries });
    const name = extended.name ?? nameOf(header);
    const isExtended = 'xgL'.includes(typeOf(header));
    const sizeBytes = isExtended ? sizeOf(path, at, header) : (extended.sizeBytes ?? sizeOf(path, at, header));
    const offset = at + tarBlockBytes;
    if (offset + sizeBytes > source.sizeBytes) throw new CodedError('DISK_OVA_OUTSIDE', { path, name: printable(name) });
    if (isExtended) {
      extended = { ...extended, ...(await readExtended(source, typeOf(header), offset, sizeBytes, signal)) };
    } else {
      requireSafeName(path, name);
      requirePlainFile(path, name, header);
      const key = name.normalize('NFC').toLowerCase();
      if (names.has(key)) throw new CodedError('DISK_OVA_DUPLICATE', { path, name: printable(name) });
      names.add(key);
      entries.push({ name, offset, sizeBytes });
      extended = {};
    }
    at = offset + Math.ceil(sizeBytes / tarBlockBytes) * tarBlockBytes;
  }
  return entries;
}

/** Null at the end: two blocks of zeros, or (as some programs leave it) nothing more. */
async function readHeader(source: BlockSource, at: number, signal?: AbortSignal): Promise<Buffer | null> {
  const path = source.label;
  if (at >= source.sizeBytes && at > 0) return null;
  const length = Math.min(2 * tarBlockBytes, source.sizeBytes - at);
  if (length < tarBlockBytes) throw new CodedError('DISK_OVA_DAMAGED', { path, position: at });
  const [blocks] = await source.read([{ offset: at, length }], signal);
  if (blocks === undefined || blocks.every((byte) => byte === 0)) return null;
  // One block of zeros and more behind it: some programs stop there, others go on and see another archive.
  if (!isTarHeader(blocks.subarray(0, tarBlockBytes))) throw new CodedError('DISK_OVA_DAMAGED', { path, position: at });
  return blocks.subarray(0, tarBlockBytes);
}

function hasRightChecksum(block: Buffer): boolean {
  let sum = 0;
  for (let at = 0; at < tarBlockBytes; at += 1) sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  return /^[0-7]+$/.test(octalText(block, 148, 8)) && Number.parseInt(octalText(block, 148, 8), 8) === sum;
}

/** A number's digits: filled up with spaces in front, ended by zero bytes or spaces. */
function octalText(block: Buffer, at: number, length: number): string {
  return block.toString('latin1', at, at + length).replace(/[\0 ]+$/, '').trimStart();
}

/** Octal, or (GNU, for 8 GiB and more) binary with the first bit set. */
function sizeOf(path: string, at: number, header: Buffer): number {
  const damaged = (): CodedError => new CodedError('DISK_OVA_DAMAGED', { path, position: at });
  if ((header.readUInt8(124) & 0x80) !== 0) {
    const size = header.readUInt8(124) === 0x80 && header.readUInt32BE(125) === 0 ? header.readBigUInt64BE(128) : 2n ** 63n;
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged();
    return Number(size);
  }
  const text = octalText(header, 124, 12);
  if (!/^[0-7]{1,12}$/.test(text)) throw damaged();
  return Number.parseInt(text, 8);
}

function typeOf(header: Buffer): string {
  return header.toString('latin1', 156, 157);
}

function textAt(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

function nameOf(header: Buffer): string {
  // GNU's own header (`ustar  `) keeps other things where ustar keeps the front part of a long name.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textAt(header, 345, 155) : '';
  const name = textAt(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

async function readExtended(source: BlockSource, type: string, offset: number, length: number, signal?: AbortSignal): Promise<Extended> {
  const path = source.label;
  const damaged = (): CodedError => new CodedError('DISK_OVA_DAMAGED', { path, position: offset });
  if (length > maxExtendedBytes) throw damaged();
  const [bytes] = await source.read([{ offset, length }], signal);
  if (bytes === undefined) throw damaged();
  if (type === 'L') {
    const end = bytes.indexOf(0);
    return { name: bytes.toString('utf8', 0, end === -1 ? bytes.length : end) };
  }
  const values = readPax(bytes);
  // A global header may hold comments only: names and sizes for every entry at once are not what anybody writes.
  const isAmbiguous = values === null || (type === 'g' && (values.has('path') || values.has('size'))) || [...values.keys()].some((key) => key.startsWith('GNU.sparse'));
  if (isAmbiguous) throw damaged();
  const name = values.get('path');
  const size = values.get('size');
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw damaged();
  return { ...(name === undefined ? {} : { name }), ...(size === undefined ? {} : { sizeBytes: Number(size) }) };
}

/** A relative path without steps upwards, on every operating system. */
function requireSafeName(path: string, name: string): void {
  const isSafe = name !== '' && Buffer.byteLength(name) <= maxNameBytes && !/[\\:\p{Cc}]/u.test(name) &&
    name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isSafe) throw new CodedError('DISK_OVA_NAME', { path, name: printable(name) });
}

function requirePlainFile(path: string, name: string, header: Buffer): void {
  const type = typeOf(header);
  if (type !== '0' && type !== '\0') throw new CodedError('DISK_OVA_KIND', { path, name: printable(name) });
}

function printable(name: string): string {
  const clean = name.replace(/\p{Cc}/gu, '\ufffd');
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}
