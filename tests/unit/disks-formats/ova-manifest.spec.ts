/** The checksums that an archive states about itself: read as programs write them, and held against the disk while it is converted. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerDiskEngine, type ConvertResult } from '../../../src/main/disks/disk-engine.ts';
import { checksumOf } from '../../../src/main/disks/ova/manifest.ts';
import { Folder, MiB, readWhole } from '../disks/disk-files.ts';
import { tar } from './tar-file.ts';

const digest = createHash('sha256').update('x').digest('hex');

describe('a manifest', () => {
  it.each([
    ['as VMware writes it', `SHA256(vm.ovf)= ${'0'.repeat(64)}\r\nSHA256(disk (1).vmdk)= ${digest}\r\n`],
    ['as VirtualBox writes it', `SHA256 (disk (1).vmdk) = ${digest.toUpperCase()}\n`],
  ])('is read %s', (_name, text) => {
    expect(checksumOf(text, 'disk (1).vmdk')).toEqual({ algorithm: 'sha256', digest });
    expect(checksumOf(text, 'other.vmdk')).toBeNull();
  });

  it('says nothing where the digest has another length, or the kind is not known', () => {
    expect(checksumOf(`SHA1(a)= ${digest}`, 'a')).toBeNull();
    expect(checksumOf(`MD5(a)= ${digest.slice(0, 32)}`, 'a')).toBeNull();
  });
});

describe('a disk of an archive with a manifest', () => {
  let engine: WorkerDiskEngine;
  const folder = new Folder();
  const disk = randomBytes(9 * MiB);
  beforeAll(() => {
    engine = new WorkerDiskEngine();
  });
  afterAll(async () => {
    await engine.dispose();
    folder.remove();
  });

  function convert(kind: 'sha1' | 'sha256', said: Buffer, target: string): Promise<ConvertResult> {
    const manifest = `${kind.toUpperCase()}(disk.img)= ${createHash(kind).update(said).digest('hex')}\n`;
    writeFileSync(folder.file('vm.ova'), tar([{ name: 'vm.ovf', bytes: Buffer.from('<Envelope/>') }, { name: 'vm.mf', bytes: Buffer.from(manifest) }, { name: 'disk.img', bytes: disk }]));
    const job = { targetPath: folder.file(target), targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null } as const;
    return engine.convert({ ...job, source: folder.disk('vm.ova') }, () => undefined);
  }

  it.each(['sha1', 'sha256'] as const)('is converted where its %s is right', async (kind) => {
    await convert(kind, disk, `${kind}.qcow2`);
    expect((await readWhole(folder.disk(`${kind}.qcow2`))).equals(disk)).toBe(true);
  });

  it('is refused by name where it is not', async () => {
    await expect(convert('sha256', randomBytes(10), 'wrong.qcow2')).rejects.toMatchObject({ code: 'DISK_OVA_CHECKSUM', params: { path: `${folder.file('vm.ova')} › disk.img` } });
  });
});
