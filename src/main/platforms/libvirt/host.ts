/**
 * A computer that runs libvirt, as the connector needs it: commands, files, and a place that disks are read from. Over SSH, or this
 * computer itself.
 */
import type { DiskPlace } from '../../disks/disk-place.ts';

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string;
  signal?: AbortSignal | undefined;
  /** Given up after this time, in milliseconds; 0 = never. Default: one minute. */
  timeoutMs?: number;
  /** Only asks: asked once more when the connection breaks off. */
  isQuery?: boolean;
}

export interface HostFile {
  sizeBytes: number;
  /** Epoch milliseconds, as exact as the host tells it. */
  modifiedAt: number;
  /** Permission bits. */
  mode: number;
  isFile: boolean;
}

export interface HostFiles {
  /** Null where there is none. Follows links. @throws `LIBVIRT_FILE_FAILED` */
  stat(path: string): Promise<HostFile | null>;
  /** With every link followed; null where there is none. */
  realPath(path: string): Promise<string | null>;
  /** Takes the place of what stands there. */
  rename(from: string, to: string): Promise<void>;
  /** Idempotent. */
  remove(path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Whether the account that we come as may read this file. */
  canRead(path: string): Promise<boolean>;
  /** Whether it may make files in this folder: tried, with a file that is removed again. */
  canWrite(folder: string): Promise<boolean>;
  /** Copies a file of this computer; goes on after the bytes that are there already and equal. */
  upload(localPath: string, path: string, report: (doneBytes: number, totalBytes: number) => void, signal: AbortSignal): Promise<void>;
}

export interface Host {
  /** `kvm-host:22`, for messages. */
  readonly label: string;
  /** Null where the disks lie on this computer. */
  readonly place: DiskPlace | null;
  readonly files: HostFiles;
  /** Runs a program with an argument array. @throws what the connection says, never for an exit code */
  run(command: readonly string[], options?: RunOptions): Promise<CommandResult>;
  dispose(): Promise<void>;
}

/** Limits of one answer: a host that sends without end is cut off. */
export const maxAnswerBytes = 64 * 1024 ** 2;
export const defaultTimeoutMs = 60_000;
