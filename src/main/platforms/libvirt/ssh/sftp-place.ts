/**
 * The disks of a host, read over SFTP. A connection that breaks off in the middle of a disk is made anew and the file opened again, as
 * long as it is still the same: an hour of reading is not lost to a moment without network.
 */
import type { SFTPWrapper } from 'ssh2';
import { CodedError } from '../../../../shared/model/coded-error.ts';
import type { DiskPlace } from '../../../disks/disk-place.ts';
import type { BlockSource } from '../../../disks/sources/block-source.ts';
import { RemoteFileSource, type RemoteFileSession, type RemoteFileStat } from '../../../disks/sources/remote-file-source.ts';
import { isConnectionLoss, sftp, sftpError } from './sftp-calls.ts';
import type { SshSession } from './ssh-session.ts';

interface OpenFile {
  session: SFTPWrapper;
  handle: Buffer;
}

/** Losses of the connection that one reading survives. */
const reopenLimit = 20;

class SftpFile implements RemoteFileSession<'file'> {
  readonly #ssh: SshSession;
  readonly #path: string;
  readonly #label: string;
  #open: Promise<OpenFile>;
  #atOpening: RemoteFileStat | null = null;
  #reopened = 0;
  #isClosed = false;

  constructor(ssh: SshSession, path: string, first: OpenFile) {
    this.#ssh = ssh;
    this.#path = path;
    this.#label = ssh.label;
    this.#open = Promise.resolve(first);
  }

  async stat(): Promise<RemoteFileStat> {
    const found = await this.#again(async () => sftp.stat(await this.#ssh.sftp(), this.#path));
    const stat = { sizeBytes: found.size, modifiedAt: found.mtime, isFile: found.isFile() };
    this.#atOpening ??= stat;
    return stat;
  }

  async read(_handle: 'file', offset: number, length: number): Promise<Buffer> {
    return this.#again(async () => {
      const opening = this.#open;
      const { session, handle } = await opening;
      try {
        return await sftp.read(session, handle, offset, length);
      } catch (error) {
        if (isConnectionLoss(error)) this.#reopen(opening);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      const { session, handle } = await this.#open;
      await sftp.close(session, handle);
    } catch {
      // With its connection the file was closed too.
    }
  }

  /** Once more after a loss of the connection, which may have hit several reads at once. */
  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isConnectionLoss(error) || this.#isClosed || attempt > 2) throw sftpError(error, this.#label, this.#path);
      }
    }
  }

  /** The first read that notices opens the file again; the others wait for it. */
  #reopen(broken: Promise<OpenFile>): void {
    if (this.#open !== broken || this.#reopened >= reopenLimit) return;
    this.#reopened += 1;
    this.#open = (async () => {
      const session = await this.#ssh.sftp();
      const found = await sftp.stat(session, this.#path);
      const known = this.#atOpening;
      if (known !== null && (found.size !== known.sizeBytes || found.mtime !== known.modifiedAt)) throw new CodedError('DISK_CHANGED', { path: `${this.#label}:${this.#path}` });
      return { session, handle: await sftp.open(session, this.#path, 'r') };
    })();
    this.#open.catch(() => undefined);
  }
}

export class SftpPlace implements DiskPlace {
  readonly label: string;
  readonly #ssh: SshSession;

  constructor(ssh: SshSession) {
    this.#ssh = ssh;
    this.label = ssh.label;
  }

  async open(path: string, signal?: AbortSignal): Promise<BlockSource> {
    try {
      const session = await this.#ssh.sftp(signal);
      // A pipe or device would be opened and never end: it is looked at first.
      if (!(await sftp.stat(session, path)).isFile()) throw new CodedError('DISK_NOT_A_FILE', { path: `${this.label}:${path}` });
      const file = new SftpFile(this.#ssh, path, { session, handle: await sftp.open(session, path, 'r') });
      return await RemoteFileSource.open(`${this.label}:${path}`, file, 'file');
    } catch (error) {
      throw sftpError(error, this.label, path);
    }
  }

  async realPath(path: string, signal?: AbortSignal): Promise<string> {
    try {
      const session = await this.#ssh.sftp(signal);
      const real = await sftp.realPath(session, path);
      // Servers answer for paths that do not exist, too.
      await sftp.stat(session, real);
      return real;
    } catch (error) {
      throw sftpError(error, this.label, path);
    }
  }
}
