/** A file that holds several disks: which ones, and one of them looked at, compared, mapped and converted by name. */
import { writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { disksHandlers } from '../../../src/main/contract/handlers/disks.handlers.ts';
import { FileGrants } from '../../../src/main/contract/file-grants.ts';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { runCli } from '../../../src/main/shells/cli/cli.ts';
import type { FileGrantId } from '../../../src/shared/model/ids.ts';
import { tar } from '../disks-formats/tar-file.ts';
import { Folder, MiB, qemuImg, qemuIo, readWhole, run } from './disk-files.ts';

const first = Buffer.alloc(MiB, 1);
const second = Buffer.alloc(2 * MiB, 2);
const context = { signal: new AbortController().signal } as never;

let engine: WorkerDiskEngine;
let folder: Folder;
let grants: FileGrants;
let ova: FileGrantId;
beforeAll(() => {
  engine = new WorkerDiskEngine();
  folder = new Folder();
  writeFileSync(folder.file('vm.ova'), tar([{ name: 'vm.ovf', bytes: Buffer.from('<Envelope/>') }, { name: 'system.img', bytes: first }, { name: 'data.img', bytes: second }]));
  writeFileSync(folder.file('data.raw'), second);
});
beforeEach(() => {
  grants = new FileGrants();
  ova = grants.issue(folder.file('vm.ova'));
});
afterAll(async () => {
  await engine.dispose();
  folder.remove();
});

const call = (): ReturnType<typeof disksHandlers> => disksHandlers({ disks: engine, grants });

describe('an archive with two disks', () => {
  it('says which there are, and nothing of a file that is none', async () => {
    expect(await call()['disks.contents']({ file: ova }, context)).toEqual([{ name: 'system.img', sizeBytes: MiB }, { name: 'data.img', sizeBytes: 2 * MiB }]);
    expect(await call()['disks.contents']({ file: grants.issue(folder.file('data.raw')) }, context)).toEqual([]);
  });

  it('gives the disk that was named, and asks where none was', async () => {
    await expect(call()['disks.inspect']({ file: ova }, context)).rejects.toMatchObject({ code: 'DISK_OVA_SEVERAL' });
    expect((await call()['disks.inspect']({ file: ova, member: 'data.img' }, context)).virtualBytes).toBe(2 * MiB);
    expect((await call()['disks.map']({ file: ova, member: 'system.img', partCount: 1 }, context)).parts).toEqual([{ dataBytes: MiB, compressedBytes: 0, baseBytes: 0 }]);
    const data = grants.issue(folder.file('data.raw'));
    expect(await call()['disks.compare']({ first: ova, second: data, firstChoice: { member: 'data.img' }, secondChoice: {} }, context)).toMatchObject({ isSame: true });
    expect(await call()['disks.compare']({ first: data, second: ova, firstChoice: {}, secondChoice: { member: 'system.img' } }, context)).toMatchObject({ isSame: false });
  });

  it('is looked at and converted by name on the command line', async () => {
    const words = async (...more: string[]): Promise<{ status: number; out: string }> => {
      const stdout = new PassThrough();
      const status = await runCli({
        argv: ['--data-dir', folder.file('data'), '--no-sample', '--json', 'disk', ...more],
        io: { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {} },
        signal: new AbortController().signal,
        self: { command: process.execPath, args: [] },
      });
      return { status, out: String(stdout.read() ?? '') };
    };
    expect(JSON.parse((await words('inspect', folder.file('vm.ova'), '--member', 'data.img')).out)).toMatchObject({ virtualBytes: 2 * MiB });
    expect(JSON.parse((await words('map', folder.file('vm.ova'), '--member', 'system.img')).out)).toMatchObject({ virtualBytes: MiB });
    expect((await words('convert', folder.file('vm.ova'), folder.file('out.qcow2'), '--to', 'qcow2', '--member', 'data.img', '--yes')).status).toBe(0);
    expect((await readWhole(folder.disk('out.qcow2'))).equals(second)).toBe(true);
    expect((await words('compare', folder.file('vm.ova'), folder.file('out.qcow2'), '--member', 'data.img')).status).toBe(0);
  });
});

describe.skipIf(qemuImg === null || qemuIo === null)('a disk with a snapshot inside', () => {
  it('is listed and read in either state', async () => {
    run(qemuImg, 'create', '-f', 'qcow2', folder.file('s.qcow2'), '4M');
    run(qemuIo, '-f', 'qcow2', '-c', 'write -P 1 0 1M', folder.file('s.qcow2'));
    run(qemuImg, 'snapshot', '-c', 'before', folder.file('s.qcow2'));
    run(qemuIo, '-f', 'qcow2', '-c', 'write -P 2 1M 1M', folder.file('s.qcow2'));
    const file = grants.issue(folder.file('s.qcow2'));
    const data = async (snapshot?: string): Promise<number | undefined> =>
      (await call()['disks.map']({ file, partCount: 1, ...(snapshot === undefined ? {} : { snapshot }) }, context)).parts[0]?.dataBytes;
    expect((await call()['disks.inspect']({ file }, context)).internalSnapshots).toEqual([{ id: '1', name: 'before' }]);
    expect([await data(), await data('before')]).toEqual([2 * MiB, MiB]);
    await expect(call()['disks.inspect']({ file, snapshot: 'absent' }, context)).rejects.toMatchObject({ code: 'DISK_SNAPSHOT_NOT_FOUND' });
  });
});
