/** The text that describes a VMDK disk: its kind, its base, and its extents. It comes from untrusted bytes and may name other files. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { sectorBytes } from './header.ts';

export const descriptorSignature = Buffer.from('# Disk DescriptorFile', 'latin1');
/** Of a descriptor that is a file of its own. */
export const maxDescriptorFileBytes = 1024 ** 2;
const maxExtents = 4096;

export interface DescribedExtent {
  kind: 'sparse' | 'flat' | 'zero';
  lengthBytes: number;
  /** Null for `zero`. */
  name: string | null;
  /** Of `flat`: where its bytes begin in the file. */
  offsetBytes: number;
}

export interface Descriptor {
  /** `monolithicSparse`, `streamOptimized`, … */
  kind: string;
  extents: DescribedExtent[];
}

/** What VMware calls the kinds of extents, as far as they are read. */
const extentKinds: Readonly<Record<string, DescribedExtent['kind']>> = { SPARSE: 'sparse', FLAT: 'flat', VMFS: 'flat', ZERO: 'zero' };

const extentLine = /^(RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+([A-Z0-9]+)(?:\s+"([^"]*)"(?:\s+(\d{1,15}))?)?\s*$/;
const settingLine = /^\s*([A-Za-z]+)\s*=\s*"?([^"]*?)"?\s*$/;

/** Text ends at its first zero byte. Refuses linked disks and kinds of extents that are not read. */
export function parseDescriptor(path: string, bytes: Buffer): Descriptor {
  const end = bytes.indexOf(0);
  const text = bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
  const damaged = (): CodedError => new CodedError('DISK_PART_DAMAGED', { path, part: 'descriptor' });
  const settings = new Map<string, string>();
  const extents: DescribedExtent[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (/^(RW|RDONLY|NOACCESS)\s/.test(line)) {
      extents.push(parseExtent(path, line));
      if (extents.length > maxExtents) throw damaged();
      continue;
    }
    const setting = settingLine.exec(line);
    const name = setting?.[1]?.toLowerCase();
    if (name === undefined) continue;
    // Two values for one setting: two programs would see two disks.
    if (settings.has(name) && settings.get(name) !== setting?.[2]) throw damaged();
    settings.set(name, setting?.[2] ?? '');
  }
  const kind = settings.get('createtype');
  if (kind === undefined || extents.length === 0) throw damaged();
  const parent = settings.get('parentcid')?.toLowerCase();
  if ((parent !== undefined && parent !== 'ffffffff') || settings.has('parentfilenamehint')) throw new CodedError('DISK_VMDK_PARENT', { path });
  return { kind: kind.slice(0, 40), extents };
}

function parseExtent(path: string, line: string): DescribedExtent {
  const [, access, sectors, type, name, offset] = extentLine.exec(line) ?? [];
  const lengthBytes = Number(sectors) * sectorBytes;
  const offsetBytes = Number(offset ?? 0) * sectorBytes;
  const isValid = type !== undefined && lengthBytes > 0 && Number.isSafeInteger(lengthBytes) && Number.isSafeInteger(offsetBytes);
  if (!isValid) throw new CodedError('DISK_PART_DAMAGED', { path, part: 'descriptor' });
  const kind = extentKinds[type];
  if (kind === undefined || access === 'NOACCESS') throw new CodedError('DISK_VMDK_KIND', { path, kind: access === 'NOACCESS' ? access : type });
  if ((kind === 'zero') !== (name === undefined)) throw new CodedError('DISK_PART_DAMAGED', { path, part: 'descriptor' });
  return { kind, lengthBytes, name: name ?? null, offsetBytes };
}
