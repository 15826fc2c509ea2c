/**
 * Where a backing file's name leads, and whether it may be followed. The name comes from an untrusted disk: QEMU's tools follow it
 * to any file of the host (CVE-2024-32498). Here only plain paths are names, and only files below the chosen folders are opened,
 * judged after links are resolved, in the place where the disk itself lies.
 */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { ChainPolicy } from './disk-engine.ts';
import type { FilePlace } from './places/file-place.ts';

/** Layers of one chain, the first included. */
export const maxChainDepth = 64;

/** Spellings that are no plain path: `json:{…}`, `nbd://…`, `driver:…` (as QEMU: a colon before any slash), and network shares. */
const protocol = /^[^/\\]*:/;
const windowsDrive = /^[a-z]:[\\/]/i;
const networkShare = /^[\\/]{2}/;

/** The disk whose header names another file. */
export interface NamingDisk {
  path: string;
  /** For messages. */
  label: string;
}

/**
 * The real path of the backing file that `overlay` names.
 * @throws `DISK_BACKING_SPELLING`, `DISK_BACKING_OUTSIDE`, `DISK_BACKING_MISSING`
 */
export async function resolveBacking(overlay: NamingDisk, name: string, policy: ChainPolicy, place: FilePlace, signal?: AbortSignal): Promise<string> {
  const said = { path: overlay.label, backing: printable(name) };
  const isDrive = place.hasDrives && windowsDrive.test(name);
  if (name === '' || name.includes('\0') || networkShare.test(name) || (protocol.test(name) && !isDrive)) {
    throw new CodedError('DISK_BACKING_SPELLING', said);
  }
  if (policy.roots.length === 0) throw new CodedError('DISK_BACKING_NOT_ALLOWED', said);
  const { dirname } = place.paths;
  const target = place.resolve(dirname(overlay.path), name);
  // A path that is outside already by its spelling is not even looked at: whether it exists is none of the disk's business.
  const spelled = policy.roots.map((root) => place.resolve(root, '.'));
  const roots: string[] = [];
  for (const root of spelled) roots.push(...(await existingRoot(root, place, signal)));
  if (![...spelled, ...roots].some((root) => isInside(root, target, place))) throw new CodedError('DISK_BACKING_OUTSIDE', said);
  const real = await realPath(target, said, place, signal);
  if (!roots.some((root) => isInside(root, real, place))) throw new CodedError('DISK_BACKING_OUTSIDE', said);
  return real;
}

async function existingRoot(root: string, place: FilePlace, signal?: AbortSignal): Promise<string[]> {
  try {
    return [await place.realPath(root, signal)];
  } catch (error) {
    // A root that is not there allows nothing.
    if (isNotThere(error)) return [];
    throw error;
  }
}

async function realPath(path: string, said: { path: string; backing: string }, place: FilePlace, signal?: AbortSignal): Promise<string> {
  try {
    return await place.realPath(path, signal);
  } catch (error) {
    if (isNotThere(error)) throw new CodedError('DISK_BACKING_MISSING', said, { cause: error });
    throw error;
  }
}

/** Not so a connection that broke: that says nothing about the file. */
export function isNotThere(error: unknown): boolean {
  return error instanceof CodedError && !error.isRetryable && notThere.has(error.code);
}

const notThere: ReadonlySet<string> = new Set(['DISK_NOT_FOUND', 'DISK_NOT_READABLE', 'DISK_READ_FAILED']);

function isInside(root: string, path: string, { paths }: FilePlace): boolean {
  if (!paths.isAbsolute(root) || !paths.isAbsolute(path)) return false;
  const way = paths.relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${paths.sep}`) && !paths.isAbsolute(way);
}

/** The name as it can be shown: control characters replaced, cut at a length that fits a sentence. */
function printable(name: string): string {
  const clean = name.replace(/\p{Cc}/gu, '\ufffd');
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}
