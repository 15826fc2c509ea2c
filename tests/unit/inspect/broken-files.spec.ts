/** A file whose own tables are cut or wrong is found by looking at it, not only when a run starts; huge ones are looked at in part, and it is said. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectFile } from '../../../src/main/disks/inspect/inspect-file.ts';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import { TableBudget } from '../../../src/main/disks/table-budget.ts';
import type { DiskInspection } from '../../../src/shared/model/disk.ts';
import { bendFooters, cluster, soundQcow2, soundVhd, writeEntry } from '../../security/disk-hostile-files.ts';
import { buildVhdx } from '../disks-formats/vhdx-file.ts';
import { monolithicSparse } from '../disks-formats/vmdk-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'goldpress-broken-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function inspected(bytes: Buffer, tables?: TableBudget): Promise<DiskInspection> {
  const path = join(folder, 'disk');
  writeFileSync(path, bytes);
  const disk = await openDisk({ path, policy: { roots: [] } });
  try {
    return await inspectFile(disk, new AbortController().signal, tables);
  } finally {
    await disk.reader.close();
  }
}

/** Two grains, the second one last in the file. */
const vmdk = (): Buffer => monolithicSparse(new Map([[0, Buffer.alloc(4096, 1)], [1, Buffer.alloc(4096, 2)]]));
const vhdx = (): Buffer => buildVhdx({ virtualBytes: 1024 ** 2, blocks: [{ state: 6, placeMiB: 4 }] });

describe('a file that is cut off', () => {
  it.each([
    ['qcow2', () => soundQcow2().subarray(0, 6 * cluster + 512)],
    ['dynamic VHD', () => soundVhd().subarray(0, soundVhd().length - 1024 ** 2)],
    ['VMDK', () => vmdk().subarray(0, vmdk().length - 4096)],
    ['VHDX', () => vhdx().subarray(0, vhdx().length - 1024 ** 2)],
  ])('%s', async (_name, make) => {
    await expect(inspected(make())).rejects.toMatchObject({ code: 'DISK_TRUNCATED' });
  });
});

describe('tables that do not hold together', () => {
  it('one cluster behind two places of the disk', async () => {
    const file = soundQcow2();
    writeEntry(file, 4 * cluster, 1, 5 * cluster);
    await expect(inspected(file)).rejects.toMatchObject({ code: 'DISK_CLUSTER_SHARED' });
  });

  it('two blocks of a VHD in one place', async () => {
    const file = soundVhd();
    file.copyWithin(1540, 1536, 1540);
    await expect(inspected(file)).rejects.toMatchObject({ code: 'DISK_CLUSTER_SHARED' });
  });
});

describe('more tables than may be read', () => {
  it('says that only a part was checked', async () => {
    const little = new TableBudget(cluster);
    const found = await inspected(soundQcow2(), little);
    expect(found.problems).toContainEqual({ code: 'INSPECT_TABLES_PARTLY', params: { lookedBytes: cluster } });
    const enough = await inspected(soundQcow2(), new TableBudget(2 * cluster));
    expect(enough.problems.map(({ code }) => code)).not.toContain('INSPECT_TABLES_PARTLY');
    expect(enough.bytesRead).toBeGreaterThanOrEqual(2 * cluster);
  });

  it('looks at the first grain tables of a VMDK only', async () => {
    const none = new TableBudget(0);
    expect((await inspected(vmdk(), none)).problems).toContainEqual({ code: 'INSPECT_TABLES_PARTLY', params: { lookedBytes: 0 } });
  });
});

describe('a VHD whose size programs read differently', () => {
  const madeBy = (creator: string): Buffer => bendFooters(soundVhd(), (footer) => footer.write(creator, 28, 'latin1'));

  it('is told, with the size that is taken', async () => {
    const [doubt] = (await inspected(madeBy('vbox'))).problems.filter(({ code }) => code === 'INSPECT_VHD_SIZES_DIFFER');
    expect(doubt?.params).toMatchObject({ size: 8 * 1024 ** 2, used: 8 * 1024 ** 2 });
    expect(doubt?.params['geometry']).not.toBe(8 * 1024 ** 2);
  });

  it('is no matter where all agree', async () => {
    expect((await inspected(madeBy('win '))).problems.map(({ code }) => code)).not.toContain('INSPECT_VHD_SIZES_DIFFER');
  });
});
