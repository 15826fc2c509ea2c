/** The libvirt of this computer itself: commands are processes here, disks are files here. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, copyFile, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import { systemReason } from '../../diagnostics/system-reason.ts';
import { defaultTimeoutMs, maxAnswerBytes, type CommandResult, type Host, type HostFile, type HostFiles, type RunOptions } from './host.ts';

/** Starts a program and waits for its end; the one file that starts processes implements it. */
export type RunProgram = (
  command: readonly string[], options: { stdin: string; signal: AbortSignal | undefined; timeoutMs: number; maxBytes: number; environment: Readonly<Record<string, string>> },
) => Promise<CommandResult>;

export const thisComputerLabel = 'localhost';

/** Node gives a program a socket for its input, which cannot be opened as `/dev/stdin`: a pipe can. The words stay words. */
const throughPipe = ['sh', '-c', 'cat | "$@"', 'sh'];

export class ThisComputer implements Host {
  readonly label = thisComputerLabel;
  readonly place = null;
  readonly files: HostFiles = new OwnFiles();
  readonly #runProgram: RunProgram;

  constructor(runProgram: RunProgram) {
    this.#runProgram = runProgram;
  }

  run(command: readonly string[], { stdin = '', signal, timeoutMs = defaultTimeoutMs }: RunOptions = {}): Promise<CommandResult> {
    return this.#runProgram(stdin === '' ? command : [...throughPipe, ...command], { stdin, signal, timeoutMs, maxBytes: maxAnswerBytes, environment: {} });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

class OwnFiles implements HostFiles {
  async stat(path: string): Promise<HostFile | null> {
    return ifThere(path, async () => {
      const found = await stat(path);
      return { sizeBytes: found.size, modifiedAt: found.mtimeMs, mode: found.mode & 0o7777, isFile: found.isFile() };
    });
  }

  realPath(path: string): Promise<string | null> {
    return ifThere(path, () => realpath(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await named(from, () => rename(from, to));
  }

  async remove(path: string): Promise<void> {
    await named(path, () => rm(path, { force: true }));
  }

  async setMode(path: string, mode: number): Promise<void> {
    await named(path, () => chmod(path, mode));
  }

  canRead(path: string): Promise<boolean> {
    return access(path, constants.R_OK).then(() => true, () => false);
  }

  async canWrite(folder: string): Promise<boolean> {
    const path = join(folder, `.goldpress-${randomBytes(6).toString('hex')}.tmp`);
    try {
      await (await open(path, 'wx')).close();
      await rm(path);
      return true;
    } catch {
      // Whatever the cause, no file can be made there.
      return false;
    }
  }

  async upload(localPath: string, path: string, report: (doneBytes: number, totalBytes: number) => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await named(path, async () => {
      await copyFile(localPath, path, constants.COPYFILE_FICLONE);
      const file = await open(path, 'r+');
      try {
        await file.sync();
        const { size } = await file.stat();
        report(size, size);
      } finally {
        await file.close();
      }
    });
  }
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new AppError('LIBVIRT_FILE_FAILED', { host: thisComputerLabel, file: path, problem: systemReason(error) }, { cause: error });
  }
}

async function ifThere<T>(path: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    return named(path, () => Promise.reject(error as Error));
  }
}
