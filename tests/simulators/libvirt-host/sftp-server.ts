/** SFTP over the real file system of this computer, with the rights that a test gives the account. */
import { constants, type Stats as FileStats } from 'node:fs';
import { open, realpath, stat, unlink, utimes, chmod, rename, type FileHandle } from 'node:fs/promises';
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2';

export interface Rights {
  mayRead(path: string): boolean;
  mayWrite(path: string): boolean;
}

const { STATUS_CODE: status, OPEN_MODE: mode } = ssh2.utils.sftp;

export function serveSftp(session: SFTPWrapper, rights: Rights, gate: () => Promise<void>): void {
  const files = new Map<string, FileHandle>();
  let last = 0;
  const answer = (id: number, work: () => Promise<void>): void => {
    gate().then(work).catch((error: unknown) => session.status(id, codeOf(error)));
  };
  const fileOf = (handle: Buffer): FileHandle => {
    const found = files.get(handle.toString('hex'));
    if (found === undefined) throw Object.assign(new Error('no such handle'), { code: 'EBADF' });
    return found;
  };
  const require = (isAllowed: boolean): void => {
    if (!isAllowed) throw Object.assign(new Error('not permitted'), { code: 'EACCES' });
  };

  session.on('OPEN', (id, path, flags) => answer(id, async () => {
    const isWriting = (flags & mode.WRITE) !== 0;
    require(isWriting ? rights.mayWrite(path) : rights.mayRead(path));
    const create = (flags & mode.CREAT) === 0 ? 0 : constants.O_CREAT;
    const exclusive = (flags & mode.EXCL) === 0 ? 0 : constants.O_EXCL;
    const file = await open(path, (isWriting ? constants.O_RDWR : constants.O_RDONLY) | create | exclusive);
    last += 1;
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(last);
    files.set(handle.toString('hex'), file);
    session.handle(id, handle);
  }));
  session.on('READ', (id, handle, offset, length) => answer(id, async () => {
    const { bytesRead, buffer } = await fileOf(handle).read(Buffer.alloc(Math.min(length, 256 * 1024)), 0, Math.min(length, 256 * 1024), offset);
    if (bytesRead === 0) session.status(id, status.EOF);
    else session.data(id, buffer.subarray(0, bytesRead));
  }));
  session.on('WRITE', (id, handle, offset, data) => answer(id, async () => {
    await fileOf(handle).write(data, 0, data.length, offset);
    session.status(id, status.OK);
  }));
  session.on('CLOSE', (id, handle) => answer(id, async () => {
    await fileOf(handle).close();
    files.delete(handle.toString('hex'));
    session.status(id, status.OK);
  }));
  const look = (id: number, path: string): void => answer(id, async () => session.attrs(id, attributesOf(await stat(path))));
  session.on('STAT', look);
  session.on('LSTAT', look);
  session.on('FSTAT', (id, handle) => answer(id, async () => session.attrs(id, attributesOf(await fileOf(handle).stat()))));
  session.on('REALPATH', (id, path) => answer(id, async () => {
    const real = await realpath(path);
    session.name(id, [{ filename: real, longname: real, attrs: {} as Attributes }]);
  }));
  session.on('REMOVE', (id, path) => answer(id, async () => {
    require(rights.mayWrite(path));
    await unlink(path);
    session.status(id, status.OK);
  }));
  session.on('RENAME', (id, from, to) => answer(id, async () => {
    require(rights.mayWrite(to));
    await rename(from, to);
    session.status(id, status.OK);
  }));
  session.on('SETSTAT', (id, path, attributes) => answer(id, async () => {
    require(rights.mayWrite(path));
    const wanted = attributes as Partial<Attributes>;
    if (wanted.mode !== undefined) await chmod(path, wanted.mode);
    if (wanted.mtime !== undefined) await utimes(path, wanted.atime ?? wanted.mtime, wanted.mtime);
    session.status(id, status.OK);
  }));
  session.on('close', () => {
    for (const file of files.values()) file.close().catch(() => undefined);
  });
}

function attributesOf(file: FileStats): Attributes {
  return { mode: file.mode, uid: file.uid, gid: file.gid, size: file.size, atime: Math.floor(file.atimeMs / 1000), mtime: Math.floor(file.mtimeMs / 1000) };
}

function codeOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return status.NO_SUCH_FILE;
  return code === 'EACCES' || code === 'EPERM' ? status.PERMISSION_DENIED : status.FAILURE;
}
