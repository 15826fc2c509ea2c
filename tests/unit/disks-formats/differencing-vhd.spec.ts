import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import { createOverlay } from '../../../src/main/disks/overlay.ts';
import { requireSoundLayers } from '../../../src/main/disks/survey.ts';
import { buildDynamicHeader } from '../../../src/main/disks/vhd/dynamic-header.ts';
import { buildFooter } from '../../../src/main/disks/vhd/footer.ts';
import { Folder, MiB, readWhole } from '../disks/disk-files.ts';
import { blockBytes, buildChild, idOf, sectorOf, type ChildRecipe } from './differencing-vhd.ts';
import { pythonOracle } from './python-oracle.ts';

const folder = new Folder();
afterAll(() => folder.remove());

const virtualBytes = 7 * MiB;
const python = pythonOracle('pyvhdi', 'python3-libvhdi');

/** A dynamic parent with some sectors in its first and third block. Gives its identifier. */
function writeParent(name: string): string {
  const footer = buildFooter({ variant: 'dynamic', virtualBytes, createdAt: Date.UTC(2019, 5, 1) });
  const table = Buffer.alloc(512, 0xff);
  const block = (seed: string): Buffer => Buffer.concat([Buffer.alloc(512, 0xff), ...Array.from({ length: blockBytes / 512 }, (_, sector) => sectorOf(`${seed}${sector % 50}`))]);
  table.writeUInt32BE(2048 / 512 + 1, 0);
  table.writeUInt32BE(2048 / 512 + 1 + (512 + blockBytes) / 512, 8);
  const header = buildDynamicHeader(2048, Math.ceil(virtualBytes / blockBytes), blockBytes);
  writeFileSync(folder.file(name), Buffer.concat([footer, header, Buffer.alloc(512), table, block('a'), block('b'), footer]));
  return idOf(footer);
}

const recipe = (parentId: string, seed = 'c'): ChildRecipe => ({
  virtualBytes, parentId, locators: [{ code: 'W2ru', text: '.\\parent.vhd' }],
  sectors: new Map([
    [0, new Map(Array.from({ length: 60 }, () => { const sector = randomInt(4096); return [sector, sectorOf(`${seed}${sector}`)] as const; }))],
    [1, new Map([[0, sectorOf(`${seed}first`)], [4095, sectorOf(`${seed}last`)]])],
    [3, new Map([[2047, sectorOf(`${seed}end`)]])],
  ]),
});

/** Every changed sector takes the seven others of its bitmap byte with it. */
function inWholeBytes(child: ChildRecipe): ChildRecipe {
  const sectors = [...child.sectors].map(([block, changed]) => {
    const all = [...changed.keys()].flatMap((sector) => Array.from({ length: 8 }, (_, index) => Math.floor(sector / 8) * 8 + index));
    return [block, new Map(all.map((sector) => [sector, sectorOf(`${child.parentId}${sector}`)]))] as const;
  });
  return { ...child, sectors: new Map(sectors) };
}

function expected(parent: Buffer, { sectors }: ChildRecipe): Buffer {
  const guest = Buffer.from(parent);
  for (const [block, changed] of sectors) for (const [sector, bytes] of changed) bytes.copy(guest, block * blockBytes + sector * 512);
  return guest;
}

describe('a differencing VHD', () => {
  it('gives its own sectors, and its parent where the bitmap says so', async () => {
    const child = recipe(writeParent('parent.vhd'));
    writeFileSync(folder.file('child.vhd'), buildChild(child));
    const guest = await readWhole(folder.disk('child.vhd'));
    expect(guest.equals(expected(await readWhole(folder.disk('parent.vhd')), child))).toBe(true);
    const { reader, layers } = await openDisk(folder.disk('child.vhd'));
    await requireSoundLayers(reader);
    expect(layers.map(({ variant }) => variant)).toEqual(['differencing', 'dynamic']);
    const extents = await reader.extents(512, virtualBytes - 1024);
    expect(extents.reduce((end, extent) => (extent.offset === end ? end + extent.length : Number.NaN), 512)).toBe(virtualBytes - 512);
    for (const extent of extents) {
      const bytes = guest.subarray(extent.offset, extent.offset + extent.length);
      if (extent.kind === 'zero') expect(bytes.every((byte) => byte === 0)).toBe(true);
      else {
        const file = readFileSync(folder.file(extent.layer === 0 ? 'child.vhd' : 'parent.vhd'));
        expect(file.subarray(Number(extent.sourceOffset), Number(extent.sourceOffset) + extent.length).equals(bytes)).toBe(true);
      }
    }
    await reader.close();
  });

  // libvhdi 20210425 takes the zeros of this file instead of the parent for what follows a written sector in one byte of the bitmap, so
  // it is asked about whole bytes (4 KiB, as Windows writes); single sectors are held against the specification above.
  it.skipIf(python === null)('reads as libvhdi reads it, a chain of three as well', async () => {
    const first = inWholeBytes(recipe(writeParent('parent.vhd')));
    const firstFile = buildChild(first);
    writeFileSync(folder.file('child.vhd'), firstFile);
    const second: ChildRecipe = { ...inWholeBytes(recipe(idOf(firstFile.subarray(0, 512)), 'd')), locators: [{ code: 'W2ru', text: '.\\child.vhd' }] };
    writeFileSync(folder.file('grandchild.vhd'), buildChild(second));
    const script = [
      'import pyvhdi,sys', 'below=None', 'keep=[]',
      'for name in sys.argv[1:]:', ' f=pyvhdi.file(); f.open(name); keep.append(f)', ' if below: f.set_parent(below)', ' below=f',
      'sys.stdout.buffer.write(below.read_buffer_at_offset(below.get_media_size(),0))',
    ].join('\n');
    const files = ['parent.vhd', 'child.vhd', 'grandchild.vhd'].map((name) => folder.file(name));
    for (const count of [2, 3]) {
      const bytes = execFileSync(String(python), ['-c', script, ...files.slice(0, count)], { maxBuffer: 2 * virtualBytes });
      expect(bytes.equals(await readWhole({ path: String(files[count - 1]), policy: { roots: [folder.path] } }))).toBe(true);
    }
  });

  it.each([
    ['a full Windows path of another machine', { code: 'W2ku', text: 'D:\\Machines\\Disks\\parent.vhd' }],
    ['a file URL', { code: 'MacX', text: 'file://localhost/Volumes/Some%20Disk/parent.vhd' }],
    ['a share', { code: 'W2ku', text: '\\\\server\\share\\parent.vhd' }],
  ] as const)('finds its parent beside it when it names %s', async (_name, locator) => {
    const child = { ...recipe(writeParent('parent.vhd')), locators: [locator] };
    writeFileSync(folder.file('child.vhd'), buildChild(child));
    expect((await readWhole(folder.disk('child.vhd'))).equals(expected(await readWhole(folder.disk('parent.vhd')), child))).toBe(true);
  });

  it('finds its parent by the name in the header when it has no locator', async () => {
    const child = { ...recipe(writeParent('parent.vhd')), locators: [], parentName: 'C:\\x\\parent.vhd' };
    writeFileSync(folder.file('child.vhd'), buildChild(child));
    expect((await readWhole(folder.disk('child.vhd'))).equals(expected(await readWhole(folder.disk('parent.vhd')), child))).toBe(true);
  });

  it('checks the parent\'s time where it is recorded', async () => {
    const parentId = writeParent('parent.vhd');
    const changed = Math.floor(Date.UTC(2024, 3, 4, 5, 6, 7) / 1000);
    utimesSync(folder.file('parent.vhd'), changed, changed);
    writeFileSync(folder.file('child.vhd'), buildChild({ ...recipe(parentId), parentTime: changed - 946_684_800 + 1 }));
    await readWhole(folder.disk('child.vhd'));
    writeFileSync(folder.file('child.vhd'), buildChild({ ...recipe(parentId), parentTime: changed - 946_684_800 + 60 }));
    await expect(openDisk(folder.disk('child.vhd'))).rejects.toMatchObject({ code: 'DISK_PARENT_CHANGED' });
  });

  it('is no base for a qcow2, because QEMU would show zeros', async () => {
    writeFileSync(folder.file('child.vhd'), buildChild(recipe(writeParent('parent.vhd'))));
    await expect(createOverlay({ path: folder.file('over.qcow2'), basePath: folder.file('child.vhd'), policy: { roots: [folder.path] } }))
      .rejects.toMatchObject({ code: 'DISK_VHD_DIFFERENCING' });
  });
});
