import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { FileSource } from '../../../src/main/disks/file-source.ts';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import { Ova } from '../../../src/main/disks/ova/ova.ts';
import { oracle } from '../../oracles.ts';
import { Folder, MiB, mixedPieces, qemuImg, readWhole, run, writeRaw } from '../disks/disk-files.ts';
import { paxRecord, tar, type TarMember } from './tar-file.ts';
import { grainBytes, monolithicSparse } from './vmdk-file.ts';

const folder = new Folder();
afterAll(() => folder.remove());
const ovf = Buffer.from('<Envelope>a machine</Envelope>');
const disk = monolithicSparse(new Map([[2, randomBytes(grainBytes)]]));
const plain: TarMember[] = [{ name: 'vm.ovf', bytes: ovf }, { name: 'vm-disk1.vmdk', bytes: disk }, { name: 'vm.mf', bytes: Buffer.from('SHA256(…)') }];

async function withOva<T>(file: Buffer, use: (ova: Ova) => T | Promise<T>): Promise<T> {
  writeFileSync(folder.file('vm.ova'), file);
  const source = await FileSource.open(folder.file('vm.ova'));
  try {
    return await use(await Ova.open(source));
  } finally {
    await source.close();
  }
}

describe('the archive', () => {
  it('lists its entries, gives the description, and the bytes of each in their place', async () => {
    await withOva(tar(plain), async (ova) => {
      expect(ova.entries.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([['vm.ovf', ovf.length], ['vm-disk1.vmdk', disk.length], ['vm.mf', 11]]);
      expect(await ova.description()).toBe(ovf.toString());
      const [bytes] = await ova.disk(null).read([{ offset: 0, length: disk.length }]);
      expect(bytes?.equals(disk)).toBe(true);
    });
  });

  it('reads long names of ustar, pax and GNU, and large sizes of GNU', async () => {
    const long = `${'folder/'.repeat(20)}disk.vmdk`;
    const pax = paxRecord('path', `${long}-pax.vmdk`);
    const file = tar([
      { name: 'vm.ovf', bytes: ovf, prefix: 'a/b' },
      { name: 'PaxHeader', type: 'x', bytes: Buffer.concat([paxRecord('mtime', '1.5'), pax, paxRecord('size', '4')]) }, { name: 'short', bytes: Buffer.from('pax!'), size: 4 },
      { name: '././@LongLink', type: 'L', gnu: true, bytes: Buffer.from(`${long}\0`) }, { name: 'short', gnu: true, bytes: Buffer.from('gnu!'), isBinarySize: true },
    ]);
    await withOva(file, (ova) => expect(ova.entries.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([['a/b/vm.ovf', ovf.length], [`${long}-pax.vmdk`, 4], [long, 4]]));
  });

  it('says when there is no disk, more than one, or none of that name', async () => {
    await withOva(tar(plain.slice(0, 1)), (ova) => expect(() => ova.disk(null)).toThrow(expect.objectContaining({ code: 'DISK_OVA_NO_DISK' })));
    await withOva(tar([...plain, { name: 'other.vmdk', bytes: disk }]), (ova) => {
      expect(() => ova.disk(null)).toThrow(expect.objectContaining({ code: 'DISK_OVA_SEVERAL', params: { path: folder.file('vm.ova'), names: 'vm-disk1.vmdk, other.vmdk' } }));
      expect(() => ova.disk('absent.vmdk')).toThrow(expect.objectContaining({ code: 'DISK_OVA_NO_MEMBER' }));
      expect(ova.disk('other.vmdk').sizeBytes).toBe(disk.length);
    });
  });

  it.skipIf(oracle('tar', 'tar') === null)('reads what tar writes, in each of its formats', async () => {
    writeFileSync(folder.file('vm.ovf'), ovf);
    writeFileSync(folder.file(`${'n'.repeat(120)}.vmdk`), disk);
    for (const format of ['ustar', 'gnu', 'pax']) {
      const names = format === 'ustar' ? ['vm.ovf'] : ['vm.ovf', `${'n'.repeat(120)}.vmdk`];
      execFileSync('tar', ['-C', folder.path, `--format=${format}`, '-cf', folder.file('made.tar'), ...names]);
      await withOva(readFileSync(folder.file('made.tar')), (ova) => expect(ova.entries.map(({ name }) => name)).toEqual(names));
    }
  });
});

describe('a disk inside it', () => {
  it('opens the only disk, or the one that is named', async () => {
    writeFileSync(folder.file('two.ova'), tar([...plain, { name: 'other.img', bytes: Buffer.alloc(4096, 5) }]));
    expect((await readWhole({ ...folder.disk('two.ova'), member: 'other.img' })).equals(Buffer.alloc(4096, 5))).toBe(true);
    await expect(openDisk(folder.disk('two.ova'))).rejects.toMatchObject({ code: 'DISK_OVA_SEVERAL' });
    await expect(openDisk({ ...folder.disk('two.ova'), member: 'absent' })).rejects.toMatchObject({ code: 'DISK_OVA_NO_MEMBER' });
  });

  it.skipIf(qemuImg === null)('reads every format in it as the file beside it', async () => {
    const size = 5 * MiB;
    writeRaw(folder.file('disk.raw'), size, mixedPieces(size));
    for (const [name, format, options] of [['a.vmdk', 'vmdk', 'subformat=streamOptimized'], ['a.vhd', 'vpc', 'subformat=fixed,force_size=on'], ['a.vhdx', 'vhdx', 'subformat=dynamic'], ['a.qcow2', 'qcow2', 'cluster_size=4k']] as const) {
      run(qemuImg, 'convert', '-f', 'raw', '-O', format, '-o', options, folder.file('disk.raw'), folder.file(name));
      writeFileSync(folder.file('a.ova'), tar([{ name: 'vm.ovf', bytes: ovf }, { name, bytes: readFileSync(folder.file(name)) }]));
      const opened = await openDisk(folder.disk('a.ova'));
      expect(opened.layers).toHaveLength(1);
      expect(opened.layers[0]?.path).toBe(`${folder.file('a.ova')} › ${name}`);
      expect((await opened.reader.read(0, size)).equals(readFileSync(folder.file('disk.raw')))).toBe(true);
      await opened.reader.close();
    }
  });
});
