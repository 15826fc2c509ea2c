import { describe, expect, it } from 'vitest';
import { defaultBudget } from '../../../src/main/disks/inspect/budgeted-reader.ts';
import { parseLvmText } from '../../../src/main/disks/inspect/lvm-text.ts';
import { WalkStopped } from '../../../src/main/disks/inspect/volume.ts';
import { unpackFileSystems, type Piece, type SparseContent } from '../../../src/main/sample-site/file-system-pack.ts';
import storedGroup from '../../fixtures/volume-group.json' with { type: 'json' };
import { bytesAt, fileSystem, inspect, patched } from '../../fixtures/sparse-disk.ts';

const extent = 4 * 1024 ** 2;
const dataOffset = 1024 ** 2;

/**
 * A physical volume of 64 MiB as LVM 2.03 wrote it (pvcreate, vgcreate, then vgcfgrestore of a description, which needs no
 * device mapper): `swap` on extent 0, `root` on extent 4 and then, turned round, on extents 1 and 2.
 */
function group(): SparseContent {
  const content = unpackFileSystems(storedGroup).get('volume-group');
  if (content === undefined) throw new Error('no volume group');
  return content;
}

/** A file system laid onto the two segments of `root`. */
function withRoot(root: SparseContent): SparseContent {
  const pieces: Piece[] = [];
  for (const [from, to, at] of [[0, extent, 4 * extent], [extent, 3 * extent, extent]] as const) {
    for (let offset = from; offset < Math.min(to, root.lengthBytes); offset += 4096) {
      pieces.push({ offset: dataOffset + at + offset - from, bytes: bytesAt(root, offset, 4096) });
    }
  }
  const base = group();
  return { lengthBytes: base.lengthBytes, pieces: [...base.pieces, ...pieces] };
}

describe('logical volumes', () => {
  it('finds the system on a volume of two segments', async () => {
    const found = await inspect(withRoot(fileSystem('debian-12')));
    expect(found.partitions[0]?.fileSystem).toBe('lvm');
    expect(found.os.name).toBe('Debian GNU/Linux 12 (bookworm)');
    expect(found.osEvidence).toEqual([{ code: 'INSPECT_SYSTEM_FOUND', params: { partition: 0, path: 'root: /etc/os-release', system: 'Debian GNU/Linux 12 (bookworm)' } }]);
  });

  it('sees encryption inside a volume', async () => {
    const found = await inspect(patched(group(), dataOffset + 4 * extent, Buffer.from('LUKS\xba\xbe\0\x02', 'latin1')));
    expect(found.encryption).toBe('luks');
    expect(found.os.family).toBe('unknown');
  });

  it('says so when the description is damaged', async () => {
    const content = group();
    // The ring keeps older descriptions; the newest lies last.
    const at = bytesAt(content, 0, 16_384).lastIndexOf('extent_size');
    const found = await inspect(patched(withRoot(fileSystem('debian-12')), at, Buffer.from('extent_sizf')));
    expect(found.osEvidence.map((item) => item.code)).toEqual(['INSPECT_VOLUME_LVM', 'INSPECT_NO_SYSTEM']);
  });

  it('answers whatever the description says', async () => {
    const content = withRoot(fileSystem('debian-12'));
    let state = 4711;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 150; round += 1) {
      let damaged = content;
      for (let hits = 0; hits < 6; hits += 1) damaged = patched(damaged, 512 + random(10_000), Buffer.from([random(256)]));
      expect((await inspect(damaged)).bytesRead).toBeLessThanOrEqual(defaultBudget.maxBytes);
    }
  });
});

describe('the text of LVM', () => {
  it('is read with comments, lists and escapes', () => {
    expect(parseLvmText('vg { # a comment {\n a = 5\n b = "x \\" y"\n c = ["pv0", 0]\n d { e = -1 } }')).toEqual({ vg: { a: 5, b: 'x " y', c: ['pv0', 0], d: { e: -1 } } });
  });

  it('is refused when it is nested without end, cut off, or no such text', () => {
    for (const text of ['a { '.repeat(500), 'a = [1, 2', 'a b c', 'a = ']) expect(() => parseLvmText(text)).toThrow(WalkStopped);
    expect(Object.getPrototypeOf(parseLvmText('__proto__ { polluted = 1 }'))).toBeNull();
    expect('polluted' in {}).toBe(false);
  });
});
