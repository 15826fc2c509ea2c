import { expect, it } from 'vitest';
import { everyFailpoint, type Expectations } from './app/every-failpoint.ts';
import { expectHonestLedger, expectImage, expectListed, expectNothingHalfMade, expectNothingLost, expectSourceIntact, expectUnchanged } from './app/invariants.ts';
import { snapshotName } from './app/scenarios.ts';
import { vm } from './app/world.ts';

const fileName = 'Gold 金-v1.qcow2';

const expectations: Expectations = {
  async moment(lives) {
    await expectNothingLost(lives, fileName);
    await expectNothingHalfMade(lives);
    await expectListed(lives, [vm.name]);
  },
  async succeeded(lives, task) {
    await expectImage(lives, task.result?.id ?? '', fileName);
    await expectSourceIntact(lives, [snapshotName]);
    expectHonestLedger(task);
  },
  async undone(lives, task, isAfterPivot) {
    if (isAfterPivot) await expectImage(lives, task.result?.id ?? '', fileName);
    else expectUnchanged(lives, ['pool']);
    expect(task.result === null).toBe(!isAfterPivot);
    await expectSourceIntact(lives, []);
    expectHonestLedger(task);
  },
};

const lives = await everyFailpoint('publishing a clone', 'publish.clone', expectations);

it('the same step twice in a row: still goes on', { timeout: 600_000 }, async () => {
  lives.renew();
  for (const name of ['after-run:convert', 'after-run:convert', 'in:register:described', 'in:register:described']) await lives.killAt(`${name}=kill`);
  const task = await lives.runOut();
  expect(task.status).toBe('succeeded');
  await expectations.succeeded(lives, task);
});
