/**
 * Inspects an open disk file: first its own tables, so that a truncated or damaged file is known before anything is made of it, then
 * what the guest has in it. Both together read a bounded amount, however large the disk.
 */
import { say, type Message } from '../../../shared/model/message.ts';
import type { DiskInspection } from '../../../shared/model/disk.ts';
import type { OpenDisk } from '../open-disk.ts';
import { requireSoundLayers } from '../survey.ts';
import { TableBudget } from '../table-budget.ts';
import { isSizeDisputed } from '../vhd/footer.ts';
import { VhdReader } from '../vhd/reader.ts';
import { defaultBudget } from './budgeted-reader.ts';
import { inspectDisk } from './inspect-disk.ts';

/** The tables of 256 GiB of data in qcow2 clusters of the usual size; a part of what inspection may read at all. */
const maxTableBytes = 32 * 1024 ** 2;

/** @throws CodedError where the file's tables do not hold together or point outside it, and what reading throws */
export async function inspectFile({ reader, layers, snapshots }: OpenDisk, signal: AbortSignal, tables = new TableBudget(maxTableBytes)): Promise<DiskInspection> {
  const startedAt = performance.now();
  await requireSoundLayers(reader, signal, tables);
  const inspection = await inspectDisk(reader, layers, signal, { ...defaultBudget, maxBytes: defaultBudget.maxBytes - tables.usedBytes });
  const partly = tables.isUsedUp ? [say('INSPECT_TABLES_PARTLY', { lookedBytes: tables.usedBytes })] : [];
  return {
    ...inspection,
    internalSnapshots: snapshots.map(({ id, name }) => ({ id, name })),
    problems: [...inspection.problems, ...partly, ...sizeDoubts(reader)],
    bytesRead: inspection.bytesRead + tables.usedBytes,
    durationMs: performance.now() - startedAt,
  };
}

function sizeDoubts(reader: OpenDisk['reader']): Message[] {
  if (!(reader instanceof VhdReader) || !isSizeDisputed(reader.layout.footer)) return [];
  const { currentBytes, geometryBytes } = reader.layout.footer;
  return [say('INSPECT_VHD_SIZES_DIFFER', { size: currentBytes, geometry: geometryBytes, used: reader.virtualBytes })];
}
