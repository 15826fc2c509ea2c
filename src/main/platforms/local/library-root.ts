/**
 * The folder of a library and the way into it: external ids are paths below it, written with `/` on every system. Owns the rule that
 * nothing outside the folder is touched, also not through a link or `..`.
 */
import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';

export class LibraryRoot {
  /** As the person wrote it. */
  readonly path: string;
  #real: string | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** The folder with all links resolved; `LIBRARY_NOT_THERE` where it is missing. */
  async real(): Promise<string> {
    // Not remembered while absent: a USB disk comes and goes.
    try {
      this.#real = await realpath(this.path);
    } catch (error) {
      throw new AppError('LIBRARY_NOT_THERE', { folder: this.path }, { cause: error, isRetryable: true });
    }
    return this.#real;
  }

  /** `sub/vm.xml` for a path below the folder. */
  async idOf(path: string): Promise<ExternalId> {
    return relative(await this.real(), path).split(sep).join('/');
  }

  /**
   * The path behind an external id, links resolved.
   * @throws `NOT_FOUND` when it has gone, or was never inside the folder
   */
  async resolve(id: ExternalId): Promise<string> {
    const root = await this.real();
    const missing = (cause?: unknown): AppError => new AppError('NOT_FOUND', { what: 'source-vm', id }, cause === undefined ? {} : { cause });
    if (id === '' || id.includes('\0') || isAbsolute(id)) throw missing();
    let real: string;
    try {
      real = await realpath(join(root, ...id.split('/')));
    } catch (error) {
      throw missing(error);
    }
    if (!isInside(root, real)) throw missing();
    return real;
  }

  /** Whether a path, after resolving links, lies in the folder. A path that does not exist does not. */
  async realInside(path: string): Promise<string | null> {
    try {
      const real = await realpath(path);
      return isInside(await this.real(), real) ? real : null;
    } catch (error) {
      if (error instanceof AppError) throw error;
      return null;
    }
  }
}

/** Both paths absolute and real. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
