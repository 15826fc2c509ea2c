/**
 * Grants for files and directories that a person chose. The window never names a path: it hands back the opaque grant that a
 * dialog, a drop or the host-side picker gave it. Grants live in memory and die with the host.
 */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../shared/model/app-error.ts';
import type { FileGrantId } from '../../shared/model/ids.ts';

/** Old grants go first once there are this many; a picker hands out one per entry it shows. */
const maxGrants = 50_000;

export class FileGrants {
  readonly #paths = new Map<FileGrantId, string>();

  /** @param path absolute; what the person chose. */
  issue(path: string): FileGrantId {
    const id = `grant-${randomBytes(16).toString('hex')}` as FileGrantId;
    this.#paths.set(id, path);
    if (this.#paths.size > maxGrants) {
      const [oldest] = this.#paths.keys();
      if (oldest !== undefined) this.#paths.delete(oldest);
    }
    return id;
  }

  /** The path behind a grant; `FILE_GRANT_UNKNOWN` when this host never gave it. */
  resolve(id: FileGrantId): string {
    const path = this.#paths.get(id);
    if (path === undefined) throw new AppError('FILE_GRANT_UNKNOWN');
    return path;
  }
}
