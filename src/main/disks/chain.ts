/**
 * Where a backing file's name leads, and whether it may be followed. The name comes from an untrusted disk: QEMU's tools follow it
 * to any file of the host (CVE-2024-32498). Here only plain paths are names, and only files below the chosen folders are opened,
 * judged after links are resolved.
 */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { CodedError } from '../../shared/model/coded-error.ts';
import type { ChainPolicy } from './disk-engine.ts';

/** Layers of one chain, the first included. */
export const maxChainDepth = 64;

/** Spellings that are no plain path: `json:{…}`, `nbd://…`, `driver:…` (as QEMU: a colon before any slash), and network shares. */
const protocol = /^[^/\\]*:/;
const windowsDrive = /^[a-z]:[\\/]/i;
const networkShare = /^[\\/]{2}/;

/**
 * The real path of the backing file named in `overlayPath`.
 * @throws `DISK_BACKING_SPELLING`, `DISK_BACKING_OUTSIDE`, `DISK_BACKING_MISSING`
 */
export function resolveBacking(overlayPath: string, name: string, policy: ChainPolicy): string {
  const shown = printable(name);
  const isDrive = process.platform === 'win32' && windowsDrive.test(name);
  if (name === '' || name.includes('\0') || networkShare.test(name) || (protocol.test(name) && !isDrive)) {
    throw new CodedError('DISK_BACKING_SPELLING', { path: overlayPath, backing: shown });
  }
  if (policy.roots.length === 0) throw new CodedError('DISK_BACKING_NOT_ALLOWED', { path: overlayPath, backing: shown });
  const target = resolve(dirname(overlayPath), name);
  // A path that is outside already by its spelling is not even looked at: whether it exists is none of the disk's business.
  const roots = policy.roots.flatMap((root) => existingRoot(root));
  if (![...policy.roots.map((root) => resolve(root)), ...roots].some((root) => isInside(root, target))) throw outside(overlayPath, shown);
  const real = realPath(target, overlayPath, shown);
  if (!roots.some((root) => isInside(root, real))) throw outside(overlayPath, shown);
  return real;
}

function outside(path: string, backing: string): CodedError {
  return new CodedError('DISK_BACKING_OUTSIDE', { path, backing });
}

function existingRoot(root: string): string[] {
  try {
    return [realpathSync(root)];
  } catch {
    // A root that is not there allows nothing.
    return [];
  }
}

function realPath(path: string, overlayPath: string, shown: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new CodedError('DISK_BACKING_MISSING', { path: overlayPath, backing: shown }, { cause: error });
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** The name as it can be shown: control characters replaced, cut at a length that fits a sentence. */
function printable(name: string): string {
  const clean = name.replace(/\p{Cc}/gu, '\ufffd');
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}
