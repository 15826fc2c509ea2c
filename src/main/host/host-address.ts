/**
 * Where a host listens, and the file that says so. The file holds a key that every request must carry: the socket's mode
 * protects it on POSIX systems, but a named pipe of Windows can be opened by anybody on the machine.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../shared/model/app-error.ts';

/**
 * How long a host stays: `stays` until it is asked to end (a window, `serve`), `task` until the task that a command line follows has
 * ended, `command` for one short call. Only the first two take up the runs that an earlier host left.
 */
export const hostLifetime = z.enum(['command', 'task', 'stays']);
export type HostLifetime = z.infer<typeof hostLifetime>;

/** `socketPath` null = the process holds the lock and is still starting. */
const hostAddress = z.object({
  pid: z.number().int(),
  bootId: z.string(),
  version: z.string(),
  key: z.string(),
  socketPath: z.string().nullable(),
  lifetime: hostLifetime,
});
export type HostAddress = z.infer<typeof hostAddress>;

const fileName = 'host.json';

/** The shortest limit among systems: 104 bytes with the final zero (macOS); Linux has 108. */
const maxSocketPathBytes = 103;

/** A per-user directory for sockets whose data directory has too long a path. Must be ours alone. */
function runtimeDirectory(env: NodeJS.ProcessEnv): string {
  const { uid } = userInfo();
  const directory = join(env['XDG_RUNTIME_DIR'] ?? tmpdir(), env['XDG_RUNTIME_DIR'] === undefined ? `goldpress-${uid}` : 'goldpress');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== uid) throw new AppError('HOST_RUNTIME_DIRECTORY_UNSAFE', { path: directory });
  chmodSync(directory, 0o700);
  return directory;
}

/** A path (or pipe name) that the host of this data directory can listen on. */
export function chooseSocketPath(dataDirectory: string, bootId: string, platform = process.platform, env: NodeJS.ProcessEnv = process.env): string {
  const digest = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 24);
  // A name that nobody can foresee, so that nobody can take it first.
  if (platform === 'win32') return `\\\\.\\pipe\\goldpress-${digest}-${bootId}`;
  const beside = join(dataDirectory, 'host.sock');
  if (Buffer.byteLength(beside) <= maxSocketPathBytes) return beside;
  const elsewhere = join(runtimeDirectory(env), `${digest}.sock`);
  if (Buffer.byteLength(elsewhere) <= maxSocketPathBytes) return elsewhere;
  throw new AppError('HOST_SOCKET_PATH_TOO_LONG', { path: elsewhere });
}

/** What the file says, or null where there is none (yet) or it cannot be understood. */
export function readHostAddress(dataDirectory: string): HostAddress | null {
  try {
    const parsed = hostAddress.safeParse(JSON.parse(readFileSync(join(dataDirectory, fileName), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not there, half a file of a crash, not ours to read: in every case there is no address to go to.
    return null;
  }
}

/** Replaces the file whole, readable by the owner only. */
export function writeHostAddress(dataDirectory: string, address: HostAddress): void {
  const temporary = join(dataDirectory, `${fileName}.new`);
  rmSync(temporary, { force: true });
  writeFileSync(temporary, JSON.stringify(address), { mode: 0o600, flag: 'wx' });
  renameSync(temporary, join(dataDirectory, fileName));
}

export function removeHostAddress(dataDirectory: string): void {
  rmSync(join(dataDirectory, fileName), { force: true });
}
