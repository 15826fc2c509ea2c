/** Opens the file that a VMDK descriptor names: beside it, really there (no link to elsewhere), and inside the chosen folders. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError } from '../../../shared/model/coded-error.ts';
import { resolveBacking } from '../chain.ts';
import type { ChainPolicy } from '../disk-engine.ts';
import { FileSource, type FileSourceOptions } from '../file-source.ts';

/** @param name without separators; checked by the caller. */
export async function openSiblingFile(path: string, name: string, policy: ChainPolicy, options: FileSourceOptions): Promise<FileSource> {
  if (policy.roots.length === 0) throw new CodedError('DISK_EXTENT_NOT_ALLOWED', { path, name });
  const real = realSibling(path, name, policy);
  if (real === null) throw new CodedError('DISK_EXTENT_MISSING', { path, name });
  return FileSource.open(real, options);
}

/** Null where it is not there, is a link to another folder, or lies outside the chosen ones. */
function realSibling(path: string, name: string, policy: ChainPolicy): string | null {
  try {
    const real = resolveBacking(path, `./${name}`, policy);
    return dirname(real) === realpathSync(dirname(path)) ? real : null;
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}
