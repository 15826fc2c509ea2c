import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { freshWorld, killAt, killOnTheWayBack, planOf, runOut } from './harness.ts';
import { expectImage, expectNoImage, expectNothingLost, expectSourceGone, expectSourceIntact } from './publish-world.ts';
import { worldIn } from './scenarios/publish.ts';

const scenario = 'publish.convert';
const fileName = 'Gold 金-v1.vhd';
const plan = await planOf(scenario);

describe('publishing by convert, killed at', () => {
  for (const { name } of plan.failpoints.filter((point) => point.way === 'forward')) {
    it(`${name}: goes on at the next start; image whole, VM deleted last`, async () => {
      const directory = await freshWorld(scenario);
      await killAt(scenario, directory, `${name}=kill`);
      await expectNothingLost(directory, fileName);
      const ended = await runOut(scenario, directory);
      expect(ended.run).toMatchObject({ status: 'succeeded', error: null });
      await expectImage(directory, ended, fileName);
      expectSourceGone(directory);
      expect(ended.artifacts.filter((item) => item.status !== 'kept' && item.status !== 'removed')).toEqual([]);
    });
  }

  for (const point of plan.failpoints.filter((item) => item.way === 'undo')) {
    const isAfterPivot = plan.steps.findIndex((step) => step.key === point.stepKey) > plan.steps.findIndex((step) => step.isPivot);
    it(`${point.name}: finishes the way back; ${isAfterPivot ? 'the image stays' : 'nothing is left'}, VM kept`, async () => {
      const directory = await freshWorld(scenario);
      await killOnTheWayBack(scenario, directory, plan, point);
      const ended = await runOut(scenario, directory);
      expect(['cancelled', 'failed']).toContain(ended.run.status);
      if (isAfterPivot) await expectImage(directory, ended, fileName);
      else expectNoImage(directory, ended);
      await expectSourceIntact(directory, []);
    });
  }

  it('the moment when the VM is half deleted: deletes the rest, and only then is done', async () => {
    const directory = await freshWorld(scenario);
    await killAt(scenario, directory, '', { GOLDPRESS_CRASH_HALF_DELETED: '1' });
    expect(existsSync(worldIn(directory).disk)).toBe(false);
    expect(existsSync(worldIn(directory).definition)).toBe(true);
    await expectNothingLost(directory, fileName);
    const ended = await runOut(scenario, directory);
    expect(ended.run).toMatchObject({ status: 'succeeded', error: null });
    await expectImage(directory, ended, fileName);
    expectSourceGone(directory);
  });

  it('a step after the pivot that was cancelled: keeps image and VM', async () => {
    const directory = await freshWorld(scenario);
    const file = `${directory}/paused`;
    await killAt(scenario, directory, `after-run:content=pause:${file};before:delete=kill;after-intent:compare=kill`, { GOLDPRESS_CRASH_CANCEL: file }).then(
      () => expect.unreachable('a cancelled run went on to delete'),
      () => undefined,
    );
    const ended = await runOut(scenario, directory);
    expect(ended.run.status).toBe('cancelled');
    await expectImage(directory, ended, fileName);
    await expectSourceIntact(directory, []);
  });
});
