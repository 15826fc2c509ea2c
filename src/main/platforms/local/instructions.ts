/** Documents beside a disk that say how its image was made: which belong to which VM, and reading them within bounds. */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { Instructions } from '../../../shared/model/source-vm.ts';
import { documentType, stemOf } from './file-names.ts';
import type { ScannedFolder } from './library-scan.ts';

/** More than these beside one disk are somebody's document folder. */
const maxDocuments = 20;

const maxBytes: Readonly<Record<Instructions['type'], number>> = { text: 1024 ** 2, markdown: 1024 ** 2, pdf: 20 * 1024 ** 2 };

/**
 * Names of the documents that belong to files of a folder: those with the base name of one of them first, then those that carry no
 * other disk's name (`README.md`, `how-to.pdf`).
 * @param names the VM's own files in that folder (definition, disks)
 */
export function documentsFor(folder: ScannedFolder, names: readonly string[]): string[] {
  if (folder.documents.length === 0) return [];
  const { byStem, general } = indexOf(folder);
  const own = new Set(names.map(stemKey));
  return [...[...own].flatMap((stem) => byStem.get(stem) ?? []), ...general].slice(0, maxDocuments);
}

const stemKey = (name: string): string => stemOf(name).toLowerCase();

interface DocumentIndex {
  /** Documents with the base name of some definition or disk. */
  byStem: Map<string, string[]>;
  /** The others. */
  general: string[];
}

/** Made once a folder: thousands of VMs may lie in one. */
const indexes = new WeakMap<ScannedFolder, DocumentIndex>();

function indexOf(folder: ScannedFolder): DocumentIndex {
  const known = indexes.get(folder);
  if (known !== undefined) return known;
  const taken = new Set([...folder.definitions, ...folder.ovfs, ...folder.archives, ...folder.disks].map(stemKey));
  const index: DocumentIndex = { byStem: new Map(), general: [] };
  for (const name of [...folder.documents].sort((a, b) => a.localeCompare(b, 'en'))) {
    const stem = stemKey(name);
    if (taken.has(stem)) index.byStem.set(stem, [...(index.byStem.get(stem) ?? []), name]);
    else index.general.push(name);
  }
  indexes.set(folder, index);
  return index;
}

/** Size and type; a document that vanished meanwhile is left out by the caller's `null`. */
export async function describeDocument(folder: string, name: string): Promise<Instructions | null> {
  const type = documentType(name);
  if (type === null) return null;
  try {
    return { name, type, sizeBytes: (await stat(join(folder, name))).size };
  } catch {
    // Gone between the listing of the folder and now: the same as never seen.
    return null;
  }
}

/** The beginning of a document, up to 1 MiB of text or 20 MiB of PDF. */
export async function readDocument(folder: string, name: string): Promise<{ type: Instructions['type']; content: Buffer; isTruncated: boolean }> {
  const type = documentType(name);
  const path = join(folder, name);
  if (type === null) throw new AppError('NOT_FOUND', { what: 'document', id: name });
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const content = Buffer.alloc(Math.min(size, maxBytes[type]));
      let filled = 0;
      while (filled < content.length) {
        const { bytesRead } = await file.read(content, filled, content.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return { type, content: content.subarray(0, filled), isTruncated: size > maxBytes[type] };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new AppError('LIBRARY_FILE_UNREADABLE', { file: path }, { cause: error });
  }
}
