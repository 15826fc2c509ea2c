/**
 * Which file the parent of a differencing VHD is. Its locators were written on another machine and may say anything: they only choose
 * among files inside the chosen folders, and the file found must be the parent by its identifier and its time.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { resolveBacking, type NamingDisk } from '../chain.ts';
import type { ChainPolicy } from '../disk-engine.ts';
import type { FilePlace } from '../places/file-place.ts';
import type { BlockSource } from '../sources/block-source.ts';
import type { VhdParent } from './differencing-header.ts';
import type { VhdFooter } from './footer.ts';

/** Seconds from 1970 to 2000-01-01 00:00 UTC, where VHD's clock starts. */
const epoch2000 = 946_684_800;
/** FAT keeps even seconds only, and copying rounds. */
const toleranceSeconds = 2;

/**
 * The real path of the parent.
 * @throws `DISK_BACKING_SPELLING`, `DISK_BACKING_NOT_ALLOWED`, `DISK_BACKING_OUTSIDE`, `DISK_PARENT_NOT_FOUND`
 */
export async function resolveVhdParent(disk: NamingDisk, parent: VhdParent, policy: ChainPolicy, place: FilePlace, signal?: AbortSignal): Promise<string> {
  const path = disk.label;
  const candidates = parent.names.flatMap((name) => candidatesOf(name));
  const [first] = candidates;
  if (first === undefined) throw new CodedError('DISK_PARENT_NOT_FOUND', { path, parent: parent.uniqueId });
  for (const candidate of candidates) {
    try {
      return await resolveBacking(disk, candidate.text, policy, place, signal);
    } catch (error) {
      // Not there: the next locator may still be right. So may it after an absolute path, which is that of another machine mostly.
      const mayGoOn = error instanceof CodedError && !error.isRetryable && (error.code === 'DISK_BACKING_MISSING' || candidate.isForeign);
      if (!mayGoOn || error.code === 'DISK_BACKING_NOT_ALLOWED') throw error;
    }
  }
  throw new CodedError('DISK_PARENT_NOT_FOUND', { path, parent: baseName(first.text).slice(0, 200) });
}

interface Candidate {
  text: string;
  /** A full path: being outside the chosen folders is no sign of malice, only of another machine. */
  isForeign: boolean;
}

/** A relative name as it stands; a full path as it stands, and then only its last part, beside the disk. */
function candidatesOf({ kind, text }: VhdParent['names'][number]): Candidate[] {
  if (text === '') return [];
  if (kind === 'relative') return [{ text: text.replaceAll('\\', '/'), isForeign: false }];
  const plain = kind === 'url' ? pathOfUrl(text) : text;
  const base = baseName(plain);
  return [{ text: plain, isForeign: true }, ...(base === '' || base === '.' || base === '..' ? [] : [{ text: `./${base}`, isForeign: false }])];
}

function pathOfUrl(text: string): string {
  const path = text.replace(/^file:\/\/(?:localhost)?/i, '');
  try {
    return decodeURIComponent(path);
  } catch {
    // Not encoded after all.
    return path;
  }
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/**
 * Refuses a file that is not the parent, or is not any more what the disk was made over. The recorded time is that of the file's last
 * change; some programs write the time in the parent's footer instead, so either may match.
 */
export function requireSameParent(path: string, parent: VhdParent, found: { source: BlockSource; footer: VhdFooter }): void {
  const { label, modifiedAt } = found.source;
  if (found.footer.uniqueId !== parent.uniqueId) throw new CodedError('DISK_PARENT_OTHER', { path, parent: label });
  if (parent.modifiedAt2000 === 0) return;
  const changed = modifiedAt === undefined ? [] : [Math.floor(modifiedAt) - epoch2000];
  const isSame = [...changed, found.footer.bytes.readUInt32BE(24)].some((time) => Math.abs(time - parent.modifiedAt2000) <= toleranceSeconds);
  if (!isSame) throw new CodedError('DISK_PARENT_CHANGED', { path, parent: label });
}
