/** Opens the file that a VMDK descriptor names: beside it, really there (no link to elsewhere), and inside the chosen folders. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { resolveBacking, type NamingDisk } from '../chain.ts';
import type { ChainPolicy } from '../disk-engine.ts';
import type { FilePlace } from '../places/file-place.ts';
import type { BlockSource } from '../sources/block-source.ts';

/** @param name without separators; checked by the caller. */
export async function openSiblingFile(
  disk: NamingDisk, name: string, policy: ChainPolicy, place: FilePlace, signal?: AbortSignal,
): Promise<{ path: string; source: BlockSource }> {
  const said = { path: disk.label, name };
  if (policy.roots.length === 0) throw new CodedError('DISK_EXTENT_NOT_ALLOWED', said);
  const path = await realSibling(disk, name, policy, place, signal);
  if (path === null) throw new CodedError('DISK_EXTENT_MISSING', said);
  return { path, source: await place.open(path, signal) };
}

/** Null where it is not there, is a link to another folder, or lies outside the chosen ones. */
async function realSibling(disk: NamingDisk, name: string, policy: ChainPolicy, place: FilePlace, signal?: AbortSignal): Promise<string | null> {
  try {
    const { dirname } = place.paths;
    const real = await resolveBacking(disk, `./${name}`, policy, place, signal);
    return dirname(real) === (await place.realPath(dirname(disk.path), signal)) ? real : null;
  } catch (error) {
    // A connection that broke says nothing about the file.
    if (error instanceof CodedError && !error.isRetryable) return null;
    throw error;
  }
}
