import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { everyFailpoint, type Expectations } from './app/every-failpoint.ts';
import { expectAllListed, expectHonestLedger, expectImage, expectListed, expectNothingHalfMade, expectNothingLost, expectSourceIntact, expectUnchanged } from './app/invariants.ts';
import { filesBelow, vm, worldIn } from './app/world.ts';

const fileName = 'Gold 金-v1.vhd';

const expectations: Expectations = {
  async moment(lives) {
    await expectNothingLost(lives, fileName);
    await expectNothingHalfMade(lives);
    if (existsSync(worldIn(lives.directory).definition)) await expectListed(lives, [vm.name]);
  },
  async succeeded(lives, task) {
    await expectImage(lives, task.result?.id ?? '', fileName);
    expect(filesBelow(worldIn(lives.directory).library)).toEqual([]);
    expectHonestLedger(task);
  },
  async undone(lives, task, isAfterPivot) {
    if (isAfterPivot) await expectImage(lives, task.result?.id ?? '', fileName);
    else expectUnchanged(lives, ['pool']);
    await expectSourceIntact(lives, []);
    expectUnchanged(lives, ['library']);
    expectHonestLedger(task);
  },
};

const lives = await everyFailpoint('publishing by convert', 'publish.convert', expectations);

it('killed when the VM is half deleted: deletes the rest, and only then is done', { timeout: 600_000 }, async () => {
  lives.renew();
  await lives.killAt('after-intent:delete=kill');
  // The deletion keeps nothing in memory: after its first item, disk and definition are in exactly this state.
  rmSync(worldIn(lives.directory).disk);
  await expectNothingLost(lives, fileName);
  const task = await lives.runOut();
  expect(task).toMatchObject({ status: 'succeeded', error: null });
  await expectations.succeeded(lives, task);
});

it('the VM is written to while the app is dead: it is kept, and a person is asked', { timeout: 600_000 }, async () => {
  lives.renew();
  await lives.killAt('after-run:compare=kill');
  const { disk, definition } = worldIn(lives.directory);
  appendFileSync(disk, 'somebody else');
  const task = await lives.runOut();
  expect(task.question, JSON.stringify(task.error)).not.toBeNull();
  expect([disk, definition].map((path) => existsSync(path)), 'the VM that changed').toEqual([true, true]);
  await expectImage(lives, task.result?.id ?? null, fileName);
  expectAllListed(lives, task, [disk, definition]);
});

it('cancelled after the pivot: keeps image and VM', { timeout: 600_000 }, async () => {
  lives.renew();
  const file = join(lives.directory, 'paused');
  const task = await lives.runOut({ GOLDPRESS_FAILPOINT: `after-run:content=pause:${file};before:delete=kill;after-intent:compare=kill`, GOLDPRESS_CRASH_CANCEL: file });
  expect(task.status).toBe('cancelled');
  await expectations.undone?.(lives, task, true);
});
