/**
 * Deletes a VM of the library: exactly the files that a manifest named and that are still what it named. Files outside the library are
 * never touched, nor is a disk that another VM stands on.
 */
import { chmod, readFile, stat, unlink } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { DeleterRole, DeletionManifest } from '../connector.ts';
import type { Definition } from './definitions.ts';
import { codeOf, exists, syncFolder } from './definition-file.ts';
import { stampOf } from './disk-chains.ts';
import { stemOf } from './file-names.ts';
import { refuseInUse } from './hardware-role.ts';
import type { Library } from './library.ts';
import { readOnlyReason } from './writability.ts';

type Item = DeletionManifest['items'][number];

export class LocalDeleter implements DeleterRole {
  readonly #library: Library;

  constructor(library: Library) {
    this.#library = library;
  }

  /** @throws `DELETE_DISK_SHARED`, `LIBRARY_READ_ONLY`, `VM_IN_USE`, and the problem of a definition that cannot be read */
  async manifest(vm: ExternalId): Promise<DeletionManifest> {
    const definition = await this.#library.definition(vm);
    const files = await this.#library.filesOf(definition);
    const users = await this.#library.dependants(vm, files, new AbortController().signal);
    if (users.length > 0) throw new AppError('DELETE_DISK_SHARED', { name: definition.name, users: users.join(', ') });
    await refuseInUse(definition);
    const items = await this.#items(definition);
    for (const folder of new Set(items.map((item) => dirname(item.path)))) {
      const readOnly = await readOnlyReason(folder);
      if (readOnly !== null) throw new AppError(readOnly.code, readOnly.params);
    }
    const fingerprint = createHash('sha256');
    for (const item of items) fingerprint.update(`${item.kind}\0${item.path}\0${item.fingerprint}\0`);
    return { items, fingerprint: fingerprint.digest('hex') };
  }

  /** Disks first, the definition last: as long as anything is left, the VM is still listed. */
  async #items(definition: Definition): Promise<Item[]> {
    const items = new Map<string, Item>();
    const add = async (path: string, kind: Item['kind']): Promise<void> => {
      const fingerprint = await this.#fingerprint(path, kind);
      if (fingerprint !== null && !items.has(path)) items.set(path, { path, kind, fingerprint });
    };
    for (const disk of definition.disks) if (disk.path !== null) await add(disk.path, 'disk');
    for (const disk of definition.snapshots.entries.flatMap((entry) => entry.disks)) {
      const path = await this.#library.definitions.locate(disk.file, definition.path);
      if (path !== null) await add(path, 'snapshot');
    }
    const nvram = definition.nvramFile === null ? null : await this.#library.definitions.locate(definition.nvramFile, definition.path);
    if (nvram !== null) await add(nvram, 'nvram');
    if (definition.kind === 'ovf') {
      const checksums = join(dirname(definition.path), `${stemOf(definition.path)}.mf`);
      if (await exists(checksums)) await add(checksums, 'definition');
    }
    if (definition.kind !== 'bare-disk') await add(definition.path, 'definition');
    return [...items.values()];
  }

  /** A definition by its bytes, a disk by size, time and inode. Null when it has gone. */
  async #fingerprint(path: string, kind: Item['kind']): Promise<string | null> {
    if (kind !== 'definition') return (await stampOf(path))?.stamp ?? null;
    try {
      return createHash('sha256').update(await readFile(path)).digest('hex');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw new AppError('LIBRARY_FILE_UNREADABLE', { file: path }, { cause: error });
    }
  }

  /**
   * Looks at all items before it touches the first: a VM that somebody has changed keeps all its files.
   * @throws `DELETE_FILE_CHANGED` at an item that is not what it was, `LIBRARY_FILE_OUTSIDE` at one that lies elsewhere now
   */
  async remove(vm: ExternalId, manifest: DeletionManifest, signal: AbortSignal): Promise<void> {
    for (const item of manifest.items) await this.#isToRemove(vm, item);
    for (const item of manifest.items) {
      signal.throwIfAborted();
      if (!(await this.#isToRemove(vm, item))) continue;
      await removeFile(item.path);
      await syncFolder(dirname(item.path));
    }
  }

  /** False when it has gone already. */
  async #isToRemove(vm: ExternalId, item: Item): Promise<boolean> {
    const fingerprint = await this.#fingerprint(item.path, item.kind);
    if (fingerprint === null) return false;
    if ((await this.#library.root.realInside(item.path)) !== item.path) throw new AppError('LIBRARY_FILE_OUTSIDE', { file: item.path, folder: this.#library.root.path });
    if (fingerprint !== item.fingerprint) throw new AppError('DELETE_FILE_CHANGED', { file: item.path, name: vm });
    return true;
  }
}

/** Removes a file, also one that is marked read-only (the base of a snapshot). */
export async function removeFile(path: string): Promise<void> {
  try {
    if (process.platform === 'win32') await chmod(path, (await stat(path)).mode | 0o200);
    await unlink(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw new AppError('LIBRARY_REMOVE_FAILED', { file: path }, { cause: error });
  }
}
