/** A qcow2 file whose writer died with counts still owed: its mappings are right, so it is read, and the structure check tells. */
import { afterAll, describe, expect, it } from 'vitest';
import { checkStructure } from '../../../src/main/disks/check-structure.ts';
import { Folder, MiB, qemuImg, qemuIo, readWhole, run } from '../disks/disk-files.ts';

const folder = new Folder();
afterAll(() => folder.remove());

describe.skipIf(qemuImg === null || qemuIo === null)('lazy refcounts', () => {
  it('are read after a crash, and reported as not closed properly', async () => {
    run(qemuImg, 'create', '-f', 'qcow2', '-o', 'compat=1.1,lazy_refcounts=on', folder.file('lazy.qcow2'), '8M');
    expect(() => run(qemuIo, '-f', 'qcow2', '-t', 'writeback', '-c', 'write -P 5 1M 1M', '-c', 'flush', '-c', 'abort', folder.file('lazy.qcow2'))).toThrow();
    const wanted = Buffer.alloc(8 * MiB);
    wanted.fill(5, MiB, 2 * MiB);
    expect((await readWhole(folder.disk('lazy.qcow2'))).equals(wanted)).toBe(true);
    expect((await checkStructure(folder.file('lazy.qcow2'))).problems.map(({ code }) => code)).toContain('DISK_CHECK_DIRTY');
  });
});
