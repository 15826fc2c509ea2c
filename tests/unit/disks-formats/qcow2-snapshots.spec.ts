import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import { requireSoundLayers } from '../../../src/main/disks/survey.ts';
import { Folder, MiB, qemuImg, qemuIo, run } from '../disks/disk-files.ts';

const folder = new Folder();
afterAll(() => folder.remove());

describe.skipIf(qemuImg === null || qemuIo === null)('internal snapshots of a qcow2 file', () => {
  const write = (pattern: number, offset: string): string => run(qemuIo, '-f', 'qcow2', '-c', `write -P ${pattern} ${offset} 1M`, folder.file('disk.qcow2'));

  it.each(['compat=1.1', 'compat=0.10', 'extended_l2=on,cluster_size=64k'])('are read on request, the active state otherwise (%s)', async (options) => {
    run(qemuImg, 'create', '-f', 'qcow2', '-o', options, folder.file('disk.qcow2'), '16M');
    write(1, '0');
    run(qemuImg, 'snapshot', '-c', 'before', folder.file('disk.qcow2'));
    write(2, '512k');
    run(qemuImg, 'snapshot', '-c', 'after', folder.file('disk.qcow2'));
    write(3, '8M');
    for (const [snapshot, id] of [['before', '1'], ['after', '2']] as const) {
      run(qemuImg, 'convert', '-f', 'qcow2', '-O', 'raw', '-l', `snapshot.name=${snapshot}`, folder.file('disk.qcow2'), folder.file('wanted.raw'));
      for (const name of [snapshot, id]) {
        const { reader } = await openDisk({ ...folder.disk('disk.qcow2'), snapshot: name });
        await requireSoundLayers(reader);
        expect((await reader.read(0, 16 * MiB)).equals(readFileSync(folder.file('wanted.raw')))).toBe(true);
        await reader.close();
      }
    }
    run(qemuImg, 'convert', '-f', 'qcow2', '-O', 'raw', folder.file('disk.qcow2'), folder.file('wanted.raw'));
    const active = await openDisk(folder.disk('disk.qcow2'));
    expect((await active.reader.read(0, 16 * MiB)).equals(readFileSync(folder.file('wanted.raw')))).toBe(true);
    await active.reader.close();
    await expect(openDisk({ ...folder.disk('disk.qcow2'), snapshot: 'absent' })).rejects.toMatchObject({ code: 'DISK_SNAPSHOT_NOT_FOUND' });
  });

  it('keep the size that the disk had', async () => {
    run(qemuImg, 'create', '-f', 'qcow2', folder.file('disk.qcow2'), '16M');
    run(qemuImg, 'snapshot', '-c', 'small', folder.file('disk.qcow2'));
    run(qemuImg, 'resize', folder.file('disk.qcow2'), '32M');
    const { reader } = await openDisk({ ...folder.disk('disk.qcow2'), snapshot: 'small' });
    expect(reader.virtualBytes).toBe(16 * MiB);
    await reader.close();
  });
});
