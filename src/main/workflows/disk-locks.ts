/** What a run locks of disks: every file of a chain, told apart by the place it lies at, so that no two runs work on one file. */
import type { DiskLayer } from '../../shared/model/disk.ts';
import type { DiskFile } from '../disks/disk-engine.ts';
import type { DiskPlace } from '../disks/disk-place.ts';

/** @param place null = this computer */
export function diskLock(place: DiskPlace | null, path: string): string {
  return place === null ? `disk:${path}` : `disk:${place.label}\0${path}`;
}

/** Locks of a disk and of all the files below it. */
export function chainLocks(file: DiskFile, layers: readonly DiskLayer[]): string[] {
  return [...new Set([file.path, ...layers.map((layer) => layer.path)])].map((path) => diskLock(file.place ?? null, path));
}
