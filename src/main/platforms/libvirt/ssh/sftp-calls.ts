/** SFTP's callbacks as promises, and its status codes as our errors. Every call ends when the connection does. */
import type { SFTPWrapper, Stats } from 'ssh2';
import { CodedError } from '../../../../shared/model/coded-error.ts';

/** Status codes of the protocol (draft-ietf-secsh-filexfer-02). */
export const sftpStatus = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, noConnection: 6, connectionLost: 7 } as const;

export function statusOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
}

/** Whether the error says that the session has gone, and not that the host refused. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof CodedError) return error.code === 'SSH_LOST';
  if (isMissingExtension(error)) return false;
  const status = statusOf(error);
  return status === null || status === sftpStatus.noConnection || status === sftpStatus.connectionLost;
}

/** The server is not OpenSSH's and lacks what it added to the protocol. */
export function isMissingExtension(error: unknown): boolean {
  return error instanceof Error && /does not support this extended request/i.test(error.message);
}

/** What went wrong with a file on a host; loss of the connection is `SSH_LOST`. */
export function sftpError(error: unknown, label: string, path: string): CodedError {
  if (error instanceof CodedError) return error;
  if (isConnectionLoss(error)) return new CodedError('SSH_LOST', { host: label }, { cause: error, isRetryable: true });
  const shown = `${label}:${path}`;
  const status = statusOf(error);
  if (status === sftpStatus.noSuchFile) return new CodedError('DISK_NOT_FOUND', { path: shown }, { cause: error });
  if (status === sftpStatus.permissionDenied) return new CodedError('DISK_NOT_READABLE', { path: shown }, { cause: error });
  return new CodedError('LIBVIRT_FILE_FAILED', { host: label, file: path, problem: reasonOf(error) }, { cause: error });
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}

type Callback<T> = (error: Error | null | undefined, value: T) => void;

/** Sessions that have ended: the library answers calls on them with nothing at all. */
const ended = new WeakSet<SFTPWrapper>();

/** To be called once for each session, before its first call. */
export function watchSession(session: SFTPWrapper): void {
  // Every call under way waits for the end of the session, too.
  session.setMaxListeners(0);
  session.once('close', () => ended.add(session));
}

function call<T>(session: SFTPWrapper, begin: (done: Callback<T>) => unknown): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const lost = (): void => reject(Object.assign(new Error('the session was closed'), { code: sftpStatus.connectionLost }));
    if (ended.has(session)) {
      lost();
      return;
    }
    session.once('close', lost);
    try {
      begin((error, value) => {
        session.removeListener('close', lost);
        if (error === null || error === undefined) resolve(value);
        else reject(error);
      });
    } catch (error) {
      session.removeListener('close', lost);
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** The same for calls that give nothing back. */
async function finish(session: SFTPWrapper, begin: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  await call<null>(session, (done) => begin((error) => done(error, null)));
}

export const sftp = {
  open: (session: SFTPWrapper, path: string, flags: 'r' | 'r+' | 'w' | 'wx'): Promise<Buffer> => call(session, (done) => session.open(path, flags, done)),
  close: (session: SFTPWrapper, handle: Buffer): Promise<void> => finish(session, (done) => session.close(handle, done)),
  stat: (session: SFTPWrapper, path: string): Promise<Stats> => call(session, (done) => session.stat(path, done)),
  realPath: (session: SFTPWrapper, path: string): Promise<string> => call(session, (done) => session.realpath(path, done)),
  setMode: (session: SFTPWrapper, path: string, mode: number): Promise<void> => finish(session, (done) => session.chmod(path, mode, done)),
  remove: (session: SFTPWrapper, path: string): Promise<void> => finish(session, (done) => session.unlink(path, done)),
  rename: (session: SFTPWrapper, from: string, to: string): Promise<void> => finish(session, (done) => session.ext_openssh_rename(from, to, done)),
  flush: (session: SFTPWrapper, handle: Buffer): Promise<void> => finish(session, (done) => session.ext_openssh_fsync(handle, done)),
  write: (session: SFTPWrapper, handle: Buffer, bytes: Buffer, offset: number): Promise<void> =>
    finish(session, (done) => session.write(handle, bytes, 0, bytes.length, offset, done)),
  /** An empty buffer where the file ends. */
  read: async (session: SFTPWrapper, handle: Buffer, offset: number, length: number): Promise<Buffer> => {
    const target = Buffer.allocUnsafeSlow(length);
    try {
      const count = await call<number>(session, (done) => session.read(handle, target, 0, length, offset, (error, bytesRead) => done(error, bytesRead)));
      return target.subarray(0, count);
    } catch (error) {
      if (statusOf(error) === sftpStatus.endOfFile) return Buffer.alloc(0);
      throw error;
    }
  },
};

