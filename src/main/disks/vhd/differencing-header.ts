/** What a differencing VHD says about its parent: identifier, time, name, and where it may lie (the locators). All of it untrusted. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64 } from '../big-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { dynamicHeaderBytes } from './dynamic-header.ts';
import type { VhdFooter } from './footer.ts';

/** A path in a locator: the specification's own programs end at 260 characters, long ones of Windows at 32 767. */
const maxLocatorBytes = 65_536;
const locators = 8;

export interface VhdParent {
  /** Lower-case hexadecimal. */
  uniqueId: string;
  /** Seconds from 2000-01-01; 0 = not recorded. */
  modifiedAt2000: number;
  /** Names of the parent, best first: relative to the disk, then absolute. In the notation of Windows or, for `url`, as a file URL. */
  names: { kind: 'relative' | 'absolute' | 'url'; text: string }[];
}

/** @param footer of the differencing disk, whose dynamic header was checked already. */
export async function readVhdParent(source: BlockSource, footer: VhdFooter, signal?: AbortSignal): Promise<VhdParent> {
  const path = source.label;
  const [header] = await source.read([{ offset: footer.dataOffset, length: dynamicHeaderBytes }], signal);
  if (header === undefined) throw new CodedError('DISK_VHD_HEADER_DAMAGED', { path });
  const relative: VhdParent['names'] = [];
  const absolute: VhdParent['names'] = [];
  for (let at = 576; at < 576 + locators * 24; at += 24) {
    const code = header.toString('latin1', at, at + 4);
    if (code !== 'W2ku' && code !== 'W2ru' && code !== 'MacX') continue;
    const length = header.readUInt32BE(at + 8);
    const offset = readU64(header, at + 16);
    if (length === 0) continue;
    if (length > maxLocatorBytes || offset + length > source.sizeBytes) throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'parent locator', position: Math.min(offset, Number.MAX_SAFE_INTEGER) });
    const [bytes] = await source.read([{ offset, length }], signal);
    const text = upToZero((bytes ?? Buffer.alloc(0)).toString(code === 'MacX' ? 'utf8' : 'utf16le'));
    if (code === 'W2ru') relative.push({ kind: 'relative', text });
    else absolute.push({ kind: code === 'MacX' ? 'url' : 'absolute', text });
  }
  // The name in the header itself, in UTF-16 with the high byte first, is the last resort.
  const named = upToZero(Buffer.from(header.subarray(64, 576)).swap16().toString('utf16le'));
  if (named !== '') absolute.push({ kind: 'absolute', text: named });
  return { uniqueId: header.toString('hex', 40, 56), modifiedAt2000: header.readUInt32BE(56), names: [...relative, ...absolute] };
}

function upToZero(text: string): string {
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
