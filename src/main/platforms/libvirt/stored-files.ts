/** Files that we put into pools: under a hidden name of their intent until they are whole, then under their own. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { FileType } from '../../../shared/model/desktop-image.ts';
import type { PlatformImage, PlatformIntent } from '../connector.ts';
import type { HostDisks } from './host-disks.ts';
import type { Pool } from './pools.ts';

const intentData = z.object({ pool: z.string(), temporary: z.string(), final: z.string(), source: z.string().optional(), virtualBytes: z.coerce.number() });
export type StoredIntent = z.infer<typeof intentData>;

/** The intent of one file: the same key always gives the same names. */
export function fileIntent(key: string, pool: Pool & { path: string }, name: string, virtualBytes: number, source?: string): PlatformIntent {
  const mark = createHash('sha256').update(pool.uuid).update('\0').update(key).digest('hex').slice(0, 16);
  return {
    key,
    data: {
      pool: pool.uuid, temporary: posix.join(pool.path, `.goldpress-${mark}.part`), final: posix.join(pool.path, name), virtualBytes: String(virtualBytes),
      ...(source === undefined ? {} : { source }),
    },
  };
}

export function readFileIntent(intent: PlatformIntent): StoredIntent {
  return intentData.parse(intent.data);
}

export const extensionOf: Readonly<Record<FileType, string>> = { qcow2: 'qcow2', vhd: 'vhd' };

/** The name of a version as a file; what no file of a host may hold is refused before anything is made. @throws `LIBVIRT_IMAGE_NAME` */
export function fileNameFor(name: string, fileType: FileType): string {
  const file = `${name}.${extensionOf[fileType]}`;
  if (/[/\p{Cc}]|^[.-]/u.test(file) || Buffer.byteLength(file) > 240) throw new AppError('LIBVIRT_IMAGE_NAME', { name });
  return file;
}

/** A file of a pool as an image; its format and size come from its own header. */
export async function describeImage(disks: HostDisks, path: string, pools: readonly Pool[], signal?: AbortSignal): Promise<PlatformImage> {
  const file = await disks.host.files.stat(path);
  if (file === null) throw new AppError('NOT_FOUND', { what: 'image', id: posix.basename(path) });
  const [top] = await disks.layers(path, pools, signal);
  return { externalId: posix.basename(path), sizeBytes: file.sizeBytes, virtualBytes: top?.virtualBytes ?? null, format: top?.format ?? null, hash: null };
}
