/** The files behind a VM's disks, for reading: a chain may lead anywhere inside the library and nowhere else. */
import { basename } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { DiskExportRole, DiskUse } from '../connector.ts';
import type { DefinedDisk } from './definitions.ts';
import { isHeldByOther, LockTable } from './in-use.ts';
import type { Library } from './library.ts';

export class LocalDiskExport implements DiskExportRole {
  readonly #library: Library;

  constructor(library: Library) {
    this.#library = library;
  }

  async diskFile(vm: ExternalId, diskKey: string): Promise<DiskFile> {
    const { path, problem } = await this.#disk(vm, diskKey);
    if (path === null) {
      const reason = problem ?? say('NOT_FOUND', { what: 'disk', id: diskKey });
      throw new AppError(reason.code, reason.params);
    }
    return this.#library.chains.fileOf(path);
  }

  /** Locked by another program now, or changed between two looks. A file at rest is looked at once. */
  async use(vm: ExternalId, diskKey: string): Promise<DiskUse> {
    const { path } = await this.#disk(vm, diskKey);
    if (path === null) return { state: 'free', detail: null };
    const file = basename(path);
    if (await isHeldByOther(path, await LockTable.read())) return { state: 'locked', detail: say('LIBRARY_DISK_LOCKED', { file }) };
    return (await this.#library.chains.isChanging(path)) ? { state: 'changing', detail: say('LIBRARY_DISK_CHANGING', { file }) } : { state: 'free', detail: null };
  }

  async dependants(vm: ExternalId): Promise<string[]> {
    const definition = await this.#library.definition(vm);
    return this.#library.dependants(vm, await this.#library.filesOf(definition), new AbortController().signal);
  }

  async #disk(vm: ExternalId, diskKey: string): Promise<DefinedDisk> {
    const definition = await this.#library.definition(vm);
    const disk = definition.disks.find((item) => item.key === diskKey);
    if (disk === undefined) throw new AppError('NOT_FOUND', { what: 'disk', id: diskKey });
    return disk;
  }
}
