/** A new empty qcow2 over a base: what a snapshot is made of. Its base is named with its format, so that nobody has to guess. */
import { rmSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { CodedError } from '../../shared/model/coded-error.ts';
import type { DiskFormat } from '../../shared/model/disk.ts';
import type { ChainPolicy } from './disk-engine.ts';
import { openDisk } from './open-disk.ts';
import { buildQcow2Header, clusterBytes } from './qcow2/build-header.ts';
import { writeRefcounts } from './qcow2/write-refcounts.ts';
import { TargetFile } from './target-file.ts';

/** Guest bytes that one L2 table of 64 KiB describes. */
const bytesPerTable = (clusterBytes / 8) * clusterBytes;

/** What headers call the formats that a base may have. */
const backingNames: Partial<Record<DiskFormat, string>> = { raw: 'raw', qcow2: 'qcow2', vhd: 'vpc', vhdx: 'vhdx', vmdk: 'vmdk' };

export async function createOverlay(overlay: { path: string; basePath: string; policy: ChainPolicy }, signal?: AbortSignal): Promise<void> {
  // Opens the whole chain below, so that an overlay is never made over a base that could not be read.
  const base = await openDisk({ path: overlay.basePath, policy: overlay.policy }, signal);
  await base.reader.close();
  const { format, virtualBytes } = base.reader;
  // QEMU would not look at the parent of a differencing VHD, and show zeros for what lies there.
  const differencing = base.layers.find(({ variant }) => variant === 'differencing');
  if (differencing !== undefined) throw new CodedError('DISK_VHD_DIFFERENCING', { path: differencing.path });
  // A disk inside an archive has no file of its own that could be named as a base.
  if (base.layers[0]?.path !== overlay.basePath) throw new CodedError('DISK_FORMAT_NOT_READ', { path: overlay.basePath, format: 'OVA' });
  const isSibling = dirname(resolve(overlay.basePath)) === dirname(resolve(overlay.path));
  const name = isSibling ? basename(overlay.basePath) : resolve(overlay.basePath);
  // QEMU takes a name with a colon before any slash for a protocol; `./` in front makes it a path again.
  const stored = /^[^/\\]*:/.test(name) && isSibling ? `./${name}` : name;
  if (Buffer.byteLength(stored) > 1023) throw new CodedError('DISK_BACKING_NAME_TOO_LONG', { path: overlay.basePath });
  const backingFormat = backingNames[format];
  if (backingFormat === undefined) throw new CodedError('DISK_FORMAT_NOT_READ', { path: overlay.basePath, format });
  const file = new TargetFile(overlay.path, 'wx+');
  try {
    writeEmpty(file, virtualBytes, { name: stored, format: backingFormat });
  } catch (error) {
    rmSync(overlay.path, { force: true });
    throw error;
  } finally {
    file.close();
  }
}

function writeEmpty(file: TargetFile, virtualBytes: number, backing: { name: string; format: string }): void {
  const l1Entries = Math.ceil(virtualBytes / bytesPerTable);
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes);
  const refcounts = writeRefcounts(file, new Uint16Array(1 + l1Clusters).fill(1));
  file.write(Buffer.alloc(l1Clusters * clusterBytes), clusterBytes);
  file.truncate(refcounts.endBytes);
  file.flush();
  file.write(
    buildQcow2Header({
      virtualBytes, l1Offset: clusterBytes, l1Entries, refcountTableOffset: refcounts.tableOffset, refcountTableClusters: refcounts.tableClusters,
      compression: 'zlib', backing,
    }),
    0,
  );
  file.flush();
}
