import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openDiskFrom } from '../../../src/main/disks/open-disk.ts';
import { RemoteFileSource, type RemoteFileSession, type RemoteFileStat } from '../../../src/main/disks/sources/remote-file-source.ts';
import { monolithicSparse } from './vmdk-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'goldpress-remote-'));
const path = join(folder, 'disk.img');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const content = randomBytes(3 * 1024 ** 2 + 100);

/** A session over a real file that answers as SFTP servers do: never more than 32 KiB at once. */
class FileSession implements RemoteFileSession<FileHandle> {
  reads: { offset: number; length: number }[] = [];
  closed = 0;
  mostBytes = 32 * 1024;

  async stat(): Promise<RemoteFileStat> {
    const found = await stat(path);
    return { sizeBytes: found.size, modifiedAt: Math.floor(found.mtimeMs / 1000), isFile: found.isFile() };
  }

  async read(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
    this.reads.push({ offset, length });
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(length, this.mostBytes)), 0, Math.min(length, this.mostBytes), offset);
    return buffer.subarray(0, bytesRead);
  }

  async close(handle: FileHandle): Promise<void> {
    this.closed += 1;
    await handle.close();
  }
}

let session: FileSession;
beforeEach(() => {
  session = new FileSession();
  writeFileSync(path, content);
});
const source = async (): Promise<RemoteFileSource<FileHandle>> => RemoteFileSource.open('host:/disk.img', session, await open(path));

describe('a file behind a session', () => {
  it('gives the bytes of every range, put together from short answers', async () => {
    const remote = await source();
    const ranges = [{ offset: 2_000_000, length: 1_000_000 }, { offset: 3, length: 9 }, { offset: 5, length: 20 }, { offset: content.length - 1, length: 1 }];
    const buffers = await remote.read(ranges);
    ranges.forEach(({ offset, length }, index) => expect(buffers[index]?.equals(content.subarray(offset, offset + length))).toBe(true));
    expect(session.reads.filter(({ offset }) => offset < 1000)).toEqual([{ offset: 3, length: 22 }]);
    await remote.close();
    await remote.close();
    expect(session.closed).toBe(1);
  });

  it('serves as the source of a disk', async () => {
    writeFileSync(path, monolithicSparse(new Map([[1, content.subarray(0, 4096)]])));
    const disk = await openDiskFrom(await source());
    expect(disk.layers).toMatchObject([{ format: 'vmdk', path: 'host:/disk.img' }]);
    expect((await disk.reader.read(4096, 4096)).equals(content.subarray(0, 4096))).toBe(true);
    await disk.reader.close();
    expect(session.closed).toBe(1);
  });

  it('notices that the file changed or became shorter', async () => {
    const remote = await source();
    const before = await remote.fingerprint();
    expect(await remote.fingerprint()).toBe(before);
    utimesSync(path, 1, 1);
    expect(await remote.fingerprint()).not.toBe(before);
    writeFileSync(path, content.subarray(0, 1000));
    await expect(remote.fingerprint()).rejects.toMatchObject({ code: 'DISK_CHANGED' });
    await expect(remote.read([{ offset: 500, length: 1000 }])).rejects.toMatchObject({ code: 'DISK_TRUNCATED' });
    await remote.close();
  });

  it('refuses a session that answers too much, a folder, and an aborted read', async () => {
    const remote = await source();
    session.read = () => Promise.resolve(Buffer.alloc(100));
    await expect(remote.read([{ offset: 0, length: 10 }])).rejects.toMatchObject({ code: 'DISK_REMOTE_WRONG_RANGE' });
    await expect(remote.read([{ offset: 0, length: 10 }], AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await remote.close();
    session.stat = () => Promise.resolve({ sizeBytes: 4096, modifiedAt: 0, isFile: false });
    await expect(source()).rejects.toMatchObject({ code: 'DISK_NOT_A_FILE' });
    expect(session.closed).toBe(2);
  });
});
