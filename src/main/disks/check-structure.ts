/** Whether a disk file's own tables hold together, without looking at the guest's data or at other files of a chain. */
import { dirname } from 'node:path';
import { CodedError } from '../../shared/model/coded-error.ts';
import { say } from '../../shared/model/message.ts';
import { detectFormat } from './detect.ts';
import type { StructureReport } from './disk-engine.ts';
import { FileSource } from './file-source.ts';
import { openDisk, readQcow2Header } from './open-disk.ts';
import { checkQcow2 } from './qcow2/check.ts';
import { requireSoundClusters } from './qcow2/ownership.ts';
import { Qcow2Reader } from './qcow2/reader.ts';
import { readSnapshots } from './qcow2/snapshots.ts';
import { readL1 } from './qcow2/tables.ts';
import { readVhdLayout, requireSoundTable } from './vhd/reader.ts';

/** Defects come back as problems; only what keeps the file from being looked at at all (not there, not readable) is thrown. */
export async function checkStructure(path: string, signal?: AbortSignal): Promise<StructureReport> {
  const source = await FileSource.open(path);
  try {
    const problems = await problemsOf(source, signal);
    return { isSound: problems.length === 0, problems };
  } catch (error) {
    if (error instanceof CodedError && !unreadable.has(error.code)) return { isSound: false, problems: [error.asMessage] };
    throw error;
  } finally {
    await source.close();
  }
}

const unreadable: ReadonlySet<string> = new Set(['DISK_NOT_FOUND', 'DISK_NOT_READABLE', 'DISK_IN_USE', 'DISK_READ_FAILED']);

async function problemsOf(source: FileSource, signal?: AbortSignal): Promise<StructureReport['problems']> {
  const { format } = await detectFormat(source, signal);
  if (format === 'raw') return [];
  if (format === 'vhdx' || format === 'vmdk' || format === 'ova') {
    const { reader } = await openDisk({ path: source.label, policy: { roots: [dirname(source.label)] } }, signal);
    try {
      await reader.requireSound?.(signal);
    } finally {
      await reader.close();
    }
    return [];
  }
  if (format === 'vhd') {
    const layout = await readVhdLayout(source, signal);
    requireSoundTable(source.label, layout);
    return layout.hasTailFooter ? [] : [say('DISK_CHECK_VHD_TAIL', { path: source.label })];
  }
  const header = await readQcow2Header(source, signal);
  const l1 = await readL1(source, header, header.l1Offset, header.l1Entries, signal);
  const reader = new Qcow2Reader(source, header, l1, null);
  const snapshots = await readSnapshots(source, header, signal);
  await requireSoundClusters(reader, signal);
  const problems = await checkQcow2(reader, snapshots, signal);
  return header.isDirty ? [...problems, say('DISK_CHECK_DIRTY', { path: source.label })] : problems;
}
