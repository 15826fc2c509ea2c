/**
 * What a file's name says in a library: a disk, a definition, a document, or a download that has not ended. Names only; nothing is
 * opened here.
 */
import { extname } from 'node:path';
import type { DiskFormat } from '../../../shared/model/disk.ts';
import type { Instructions } from '../../../shared/model/source-vm.ts';

/** Extensions of disk files, with the format that they promise; null = a format without a name of its own here. */
const diskExtensions: Readonly<Record<string, DiskFormat | null>> = {
  '.qcow2': 'qcow2', '.qcow': null, '.qc2': 'qcow2', '.img': null, '.raw': 'raw', '.vhd': 'vhd', '.vpc': 'vhd', '.vhdx': 'vhdx', '.avhdx': 'vhdx',
  '.vmdk': 'vmdk', '.vdi': null,
};

/** Ends of names that programs give to files which they have not finished writing. */
const unfinished = /(\.part|\.partial|\.crdownload|\.download|\.filepart|\.tmp|\.temp|\.opdownload|\.!ut|\.aria2|~)$/i;

/** VMDK extents that belong to a descriptor beside them. */
const vmdkExtent = /-(flat|delta|s\d{3}|f\d{3})\.vmdk$/i;

/** Folders that the system keeps on a medium; unreadable for good, and never holding VMs. */
const systemFolders = new Set(['lost+found', 'system volume information', '$recycle.bin', 'recycler']);

export const unfinishedSuffixes = ['.part', '.partial', '.crdownload', '.download', '.filepart', '.tmp'] as const;

export type FileRole = 'definition' | 'ovf' | 'archive' | 'disk' | 'document' | 'unfinished' | 'other';

/** @param name a file name without its directory */
export function roleOf(name: string): FileRole {
  if (name.startsWith('.')) return 'other';
  if (unfinished.test(name)) return 'unfinished';
  const extension = extname(name).toLowerCase();
  if (extension === '.xml') return 'definition';
  if (extension === '.ovf') return 'ovf';
  if (extension === '.ova') return 'archive';
  if (extension in diskExtensions) return vmdkExtent.test(name) ? 'other' : 'disk';
  return documentType(name) === null ? 'other' : 'document';
}

/** Hidden folders (also Goldpress's own) and those of the system are not part of a library. */
export function isSkippedFolder(name: string): boolean {
  return name.startsWith('.') || systemFolders.has(name.toLowerCase());
}

export function documentType(name: string): Instructions['type'] | null {
  switch (extname(name).toLowerCase()) {
    case '.txt': return 'text';
    case '.md': return 'markdown';
    case '.pdf': return 'pdf';
    default: return null;
  }
}

/** The format that a name promises, for a disk that could not be opened. */
export function formatByName(name: string): DiskFormat | null {
  return diskExtensions[extname(name).toLowerCase()] ?? null;
}

/** The beginning of a name that takes at most so many bytes in UTF-8, cut between characters as people see them. */
export function cutToBytes(name: string, maxBytes: number): string {
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(name)) {
    if (Buffer.byteLength(cut + segment) > maxBytes) break;
    cut += segment;
  }
  return cut;
}

/** `Win 11.qcow2` → `Win 11`. */
export function stemOf(name: string): string {
  const extension = extname(name);
  return extension === '' ? name : name.slice(0, -extension.length);
}

/** The last part of a path written on any system (`C:\VMs\a.vhd`, `/srv/a.qcow2`). */
export function baseNameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
