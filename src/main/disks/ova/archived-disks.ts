/** Which disks an archive holds, for whoever has to choose one. */
import type { ArchivedDisk } from '../../../shared/model/disk.ts';
import { detectFormat } from '../detect.ts';
import type { DiskFile } from '../disk-engine.ts';
import { placeOf } from '../places/file-place.ts';
import { Ova } from './ova.ts';

/** Empty where the file is no archive. @throws what opening it and a damaged archive say */
export async function archivedDisks(file: DiskFile, signal?: AbortSignal): Promise<ArchivedDisk[]> {
  const source = await placeOf(file, {}).open(file.path, signal);
  try {
    if ((await detectFormat(source, signal)).format !== 'ova') return [];
    return (await Ova.open(source, signal)).disks.map(({ name, sizeBytes }) => ({ name, sizeBytes }));
  } finally {
    await source.close();
  }
}
