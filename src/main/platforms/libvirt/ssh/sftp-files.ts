/** The files of a host over SFTP, for changing them: what an account may do there is found out by trying. */
import { randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { SFTPWrapper } from 'ssh2';
import { AppError } from '../../../../shared/model/app-error.ts';
import { readError } from '../../../disks/file-errors.ts';
import type { HostFile, HostFiles } from '../host.ts';
import { isMissingExtension, sftp, sftpError, sftpStatus, statusOf } from './sftp-calls.ts';
import type { SshSession } from './ssh-session.ts';

/** SFTP servers take 256 KiB at once at least through OpenSSH; 32 KiB is what every server has to take. */
const chunkBytes = 32 * 1024;
const parallelWrites = 32;
/** What is there already is compared by its end only: a server writes in order. */
const overlapBytes = 4 * 1024 ** 2;

export class SftpFiles implements HostFiles {
  readonly #ssh: SshSession;

  constructor(ssh: SshSession) {
    this.#ssh = ssh;
  }

  async stat(path: string): Promise<HostFile | null> {
    const found = await this.#ifThere(path, (session) => sftp.stat(session, path));
    return found === null ? null : { sizeBytes: found.size, modifiedAt: found.mtime * 1000, mode: found.mode & 0o7777, isFile: found.isFile() };
  }

  async realPath(path: string): Promise<string | null> {
    return this.#ifThere(path, async (session) => {
      const real = await sftp.realPath(session, path);
      await sftp.stat(session, real);
      return real;
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#do(from, async (session) => {
      try {
        await sftp.rename(session, from, to);
      } catch (error) {
        if (!isMissingExtension(error)) throw error;
        // The plain rename of the protocol never replaces; the host's own does, in one step.
        const { code, stderr } = await this.#ssh.run(['mv', '-f', '--', from, to]);
        if (code !== 0) throw new AppError('LIBVIRT_FILE_FAILED', { host: this.#ssh.label, file: from, problem: stderr.trim().slice(0, 200) });
      }
    });
  }

  async remove(path: string): Promise<void> {
    await this.#ifThere(path, (session) => sftp.remove(session, path));
  }

  async setMode(path: string, mode: number): Promise<void> {
    await this.#do(path, (session) => sftp.setMode(session, path, mode));
  }

  async canRead(path: string): Promise<boolean> {
    return this.#may(path, async (session) => {
      await sftp.close(session, await sftp.open(session, path, 'r'));
    });
  }

  async canWrite(folder: string): Promise<boolean> {
    const path = `${folder.replace(/\/+$/, '')}/.goldpress-${randomBytes(6).toString('hex')}.tmp`;
    return this.#may(path, async (session) => {
      await sftp.close(session, await sftp.open(session, path, 'wx'));
      await sftp.remove(session, path);
    });
  }

  async upload(localPath: string, path: string, report: (doneBytes: number, totalBytes: number) => void, signal: AbortSignal): Promise<void> {
    const source = await openLocal(localPath);
    try {
      const { size } = await source.stat();
      const session = await this.#ssh.sftp(signal);
      const there = await this.stat(path);
      const handle = await sftp.open(session, path, there === null ? 'wx' : 'r+');
      try {
        const from = await this.#resumeFrom(session, handle, source, Math.min(there?.sizeBytes ?? 0, size));
        await copyFrom({ source, session, handle, from, size, report, signal });
        // What is longer than the source belongs to another file of this name.
        if ((await sftp.stat(session, path)).size !== size) throw new AppError('LIBVIRT_UPLOAD_DIFFERS', { host: this.#ssh.label, file: path });
        await sftp.flush(session, handle).catch((error: unknown) => {
          // Other servers write through or not, and cannot be asked.
          if (!isMissingExtension(error)) throw error;
        });
      } finally {
        await sftp.close(session, handle).catch(() => undefined);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw sftpError(error, this.#ssh.label, path);
    } finally {
      await source.close();
    }
  }

  /** Goes on after the last bytes that are equal on both sides; a break in the middle of parallel writes leaves holes only there. */
  async #resumeFrom(session: SFTPWrapper, handle: Buffer, source: FileHandle, there: number): Promise<number> {
    const safe = Math.max(0, there - overlapBytes);
    if (safe === 0) return 0;
    const length = Math.min(chunkBytes, safe);
    const [ours, theirs] = await Promise.all([
      source.read(Buffer.alloc(length), 0, length, safe - length).then(({ buffer }) => buffer), sftp.read(session, handle, safe - length, length),
    ]);
    return ours.equals(theirs) ? safe : 0;
  }

  async #do<T>(path: string, work: (session: SFTPWrapper) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#ssh.sftp());
    } catch (error) {
      throw sftpError(error, this.#ssh.label, path);
    }
  }

  async #ifThere<T>(path: string, work: (session: SFTPWrapper) => Promise<T>): Promise<T | null> {
    try {
      return await work(await this.#ssh.sftp());
    } catch (error) {
      if (statusOf(error) === sftpStatus.noSuchFile) return null;
      throw sftpError(error, this.#ssh.label, path);
    }
  }

  async #may(path: string, work: (session: SFTPWrapper) => Promise<void>): Promise<boolean> {
    try {
      await work(await this.#ssh.sftp());
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status === sftpStatus.permissionDenied || status === sftpStatus.failure || status === sftpStatus.noSuchFile) return false;
      throw sftpError(error, this.#ssh.label, path);
    }
  }
}

async function openLocal(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw readError(path, error);
  }
}

interface CopyJob {
  source: FileHandle;
  session: SFTPWrapper;
  handle: Buffer;
  from: number;
  size: number;
  report: (doneBytes: number, totalBytes: number) => void;
  signal: AbortSignal;
}

/** Many small writes at once: one by one would wait for the network's way there and back each time. */
async function copyFrom({ source, session, handle, from, size, report, signal }: CopyJob): Promise<void> {
  let next = from;
  let done = from;
  const writer = async (): Promise<void> => {
    while (next < size) {
      signal.throwIfAborted();
      const offset = next;
      const length = Math.min(chunkBytes, size - offset);
      next += length;
      const { buffer, bytesRead } = await source.read(Buffer.allocUnsafeSlow(length), 0, length, offset);
      await sftp.write(session, handle, buffer.subarray(0, bytesRead), offset);
      done += length;
      report(done, size);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: parallelWrites }, writer));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
