/** The file work that snapshot operations share: overlays, read-only bases, and the definition that points at them. */
import { chmod, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { DiskEngine } from '../../disks/disk-engine.ts';
import type { Definition } from './definitions.ts';
import { codeOf, exists, syncFolder } from './definition-file.ts';
import { removeFile } from './deleter-role.ts';
import { stampOf } from './disk-chains.ts';
import { setDiskSource } from '../domain-xml/domain-edit.ts';
import { parseDomain, type Domain } from '../domain-xml/domain-xml.ts';
import type { Library } from './library.ts';
import { withBaseName, type DiskSwitch } from './snapshot-plan.ts';

/** A definition that can carry snapshots, with its document. */
export interface SnapshotSubject {
  definition: Definition;
  domain: Domain;
}

export class SnapshotFiles {
  readonly library: Library;
  readonly engine: DiskEngine;

  constructor(library: Library, engine: DiskEngine) {
    this.library = library;
    this.engine = engine;
  }

  /** @throws `SNAPSHOT_NO_DEFINITION` for bare disks and OVF descriptors */
  async subject(vm: ExternalId): Promise<SnapshotSubject> {
    const definition = await this.library.definition(vm);
    if (definition.kind !== 'libvirt-xml' || definition.text === null) throw new AppError('SNAPSHOT_NO_DEFINITION', { name: definition.name });
    return { definition, domain: parseDomain(definition.text, definition.path) };
  }

  /** Makes the overlays anew. What lies there is left from an attempt that did not end: the definition does not know it. */
  async makeOverlays(switches: readonly DiskSwitch[], signal: AbortSignal): Promise<void> {
    for (const item of switches) {
      signal.throwIfAborted();
      await removeFile(item.overlay);
      const { policy } = await this.library.chains.fileOf(item.base);
      await this.engine.createOverlay({ path: item.overlay, basePath: item.base, policy }, signal);
    }
  }

  async removeOverlays(switches: readonly DiskSwitch[]): Promise<void> {
    for (const item of switches) {
      await removeFile(item.overlay);
      await syncFolder(dirname(item.overlay));
    }
  }

  /** Points the disks of a definition at the overlays, which must exist. */
  async switchDisks({ definition, domain }: SnapshotSubject, switches: readonly DiskSwitch[]): Promise<void> {
    for (const item of switches) {
      const disk = domain.disks.find((candidate) => candidate.key === item.key);
      if (disk === undefined) throw new AppError('NOT_FOUND', { what: 'disk', id: item.key });
      const written = withBaseName(disk.source, basename(item.overlay));
      // The spelling of the definition, as long as it leads to the overlay; through a link it would not.
      const leadsThere = (await this.library.definitions.locate(written, definition.path)) === item.overlay;
      setDiskSource(disk, leadsThere ? written : item.overlay, 'qcow2');
    }
  }

  /** Whether the definition's disks are the overlays of these switches. */
  isSwitched(definition: Definition, switches: readonly DiskSwitch[]): boolean {
    return switches.every((item) => definition.disks.some((disk) => disk.key === item.key && disk.path === item.overlay));
  }

  async anyOverlayExists(switches: readonly DiskSwitch[]): Promise<boolean> {
    for (const item of switches) if (await exists(item.overlay)) return true;
    return false;
  }

  /** Removes a file that still is what it was; a changed one belongs to somebody and stays. */
  async removeUnchanged({ path, stamp }: { path: string; stamp: string }): Promise<void> {
    if ((await stampOf(path))?.stamp !== stamp) return;
    await removeFile(path);
    await syncFolder(dirname(path));
  }
}

/** Sets permission bits; file systems without them (FAT) keep theirs. */
export async function setMode(path: string, mode: number): Promise<void> {
  try {
    if (((await stat(path)).mode & 0o777) !== mode) await chmod(path, mode);
  } catch (error) {
    // The mark protects from accidents only; without it the snapshot is the same.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EROFS'].includes(codeOf(error) ?? '')) throw error;
  }
}
