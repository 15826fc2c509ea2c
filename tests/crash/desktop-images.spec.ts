import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { everyFailpoint } from './app/every-failpoint.ts';
import { diskFileOf, expectHonestLedger, expectImage, expectListed, expectNothingHalfMade, expectSameGuest, expectSourceIntact, expectUnchanged, listedVms, diskBefore } from './app/invariants.ts';
import { filesBelow, vm, worldIn } from './app/world.ts';

const fileName = 'Gold 金-v1.qcow2';
const newName = 'Next 下一版';

await everyFailpoint('a new source VM from a version', 'desktop-image.new-source-vm', {
  async moment(lives) {
    expectUnchanged(lives, ['pool']);
    const names = (await listedVms(lives)).map((record) => record.name);
    expect(names).toContain(vm.name);
    // Listed as soon as its disk has its name: as a bare disk until it is defined, and whole in either case.
    for (const record of (await listedVms(lives)).filter((item) => item.name !== vm.name)) {
      expect(record.name).toBe(newName);
      await expectSameGuest(await diskFileOf(lives, record.externalId), [], diskBefore(lives));
    }
  },
  async succeeded(lives, task) {
    await expectListed(lives, [vm.name, newName]);
    const made = (await listedVms(lives)).find((record) => record.name === newName);
    expect(made).toMatchObject({ definition: 'libvirt-xml' });
    await expectSameGuest(await diskFileOf(lives, made?.externalId ?? ''), [], diskBefore(lives));
    expect(filesBelow(worldIn(lives.directory).library)).toHaveLength(4);
    expectUnchanged(lives, ['pool']);
    expectHonestLedger(task);
  },
  async undone(lives, task) {
    expectUnchanged(lives, ['pool', 'library']);
    await expectSourceIntact(lives, []);
    expectHonestLedger(task);
  },
});

await everyFailpoint('copying a version out', 'desktop-image.copy', {
  async moment(lives) {
    expectUnchanged(lives, ['pool', 'library']);
    await expectNothingHalfMade(lives, worldIn(lives.directory).out);
  },
  async succeeded(lives, task) {
    expectUnchanged(lives, ['pool', 'library']);
    const { out } = worldIn(lives.directory);
    expect(filesBelow(out)).toEqual([join(out, fileName)]);
    await expectSameGuest(join(out, fileName), [], diskBefore(lives));
    expectHonestLedger(task);
  },
  undone(lives, task) {
    expectUnchanged(lives, ['pool', 'library', 'out']);
    expectHonestLedger(task);
    return Promise.resolve();
  },
});

await everyFailpoint('deleting a desktop image', 'desktop-image.delete', {
  async moment(lives) {
    expectUnchanged(lives, ['library']);
    // The file goes first: a description without its file is found and removed by the same run.
    const files = filesBelow(worldIn(lives.directory).pool).map((path) => basename(path));
    if (files.includes(fileName)) await expectImage(lives, null, fileName);
    else expect([[], [`${fileName}.json`]]).toContainEqual(files);
  },
  succeeded(lives, task) {
    expectUnchanged(lives, ['library']);
    const { pool } = worldIn(lives.directory);
    expect(filesBelow(pool)).toEqual([]);
    expect(existsSync(join(pool, 'Gold 金')), 'its empty folder').toBe(false);
    expectHonestLedger(task);
    return Promise.resolve();
  },
});
