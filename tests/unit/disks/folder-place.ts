/** A folder of this computer as if it lay on another one, under `/far`: its paths mean nothing here. Reads are short, late, and can fail. */
import { realpathSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiskFile } from '../../../src/main/disks/disk-engine.ts';
import type { DiskPlace } from '../../../src/main/disks/disk-place.ts';
import type { BlockSource } from '../../../src/main/disks/sources/block-source.ts';
import { RemoteFileSource } from '../../../src/main/disks/sources/remote-file-source.ts';
import { AppError } from '../../../src/shared/model/app-error.ts';

const far = '/far';

export class FolderPlace implements DiskPlace {
  readonly label = 'far-host:22';
  /** Every path that anybody asked for. */
  readonly asked = new Set<string>();
  openHandles = 0;
  /** Most files of which bytes were awaited at one moment. */
  peakReading = 0;
  /** What a read waits for before it is answered. */
  beforeRead: () => Promise<void> = () => sleep(2).then(() => undefined);
  readonly #folder: string;
  readonly #reading = new Map<FileHandle, number>();

  constructor(folder: string) {
    this.#folder = realpathSync(folder);
  }

  /** A disk of the folder, with its chain allowed inside it. */
  disk(name: string): DiskFile {
    return { path: `${far}/${name}`, policy: { roots: [far] }, place: this };
  }

  /** After that many reads no further one is answered; resolves once that is so. */
  hangAfter(count: number): Promise<void> {
    let reads = 0;
    return new Promise((resolve) => {
      this.beforeRead = () => {
        reads += 1;
        if (reads <= count) return Promise.resolve();
        resolve();
        return new Promise(() => undefined);
      };
    });
  }

  async open(path: string): Promise<BlockSource> {
    this.asked.add(path);
    const here = this.#here(path);
    const handle = await open(here, 'r').catch((error: unknown) => {
      throw new AppError('DISK_NOT_FOUND', { path: `${this.label}:${path}` }, { cause: error });
    });
    this.openHandles += 1;
    const session = {
      stat: async () => {
        const found = await stat(here);
        return { sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs / 1000), isFile: found.isFile() };
      },
      read: (_: FileHandle, offset: number, length: number) => this.#read(handle, offset, length),
      close: async () => {
        this.openHandles -= 1;
        await handle.close();
      },
    };
    return RemoteFileSource.open(`${this.label}:${path}`, session, handle);
  }

  realPath(path: string): Promise<string> {
    this.asked.add(path);
    try {
      const real = realpathSync(this.#here(path));
      return Promise.resolve(real === this.#folder || real.startsWith(`${this.#folder}/`) ? `${far}${real.slice(this.#folder.length)}` : real);
    } catch (error) {
      return Promise.reject(new AppError('DISK_NOT_FOUND', { path: `${this.label}:${path}` }, { cause: error }));
    }
  }

  #here(path: string): string {
    if (path !== far && !path.startsWith(`${far}/`)) throw new AppError('DISK_NOT_FOUND', { path: `${this.label}:${path}` });
    return `${this.#folder}${path.slice(far.length)}`;
  }

  /** As SFTP servers do: less than asked for. */
  async #read(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
    this.#reading.set(handle, (this.#reading.get(handle) ?? 0) + 1);
    this.peakReading = Math.max(this.peakReading, this.#reading.size);
    try {
      await this.beforeRead();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(length, 96 * 1024)), 0, Math.min(length, 96 * 1024), offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      const left = (this.#reading.get(handle) ?? 1) - 1;
      if (left === 0) this.#reading.delete(handle);
      else this.#reading.set(handle, left);
    }
  }
}
