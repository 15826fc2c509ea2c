import { describe, expect, it } from 'vitest';
import { freshWorld, killAt, killOnTheWayBack, planOf, runOut } from './harness.ts';
import { expectImage, expectNoImage, expectNothingLost, expectSourceIntact } from './publish-world.ts';

const scenario = 'publish.clone';
const fileName = 'Gold 金-v1.qcow2';
const plan = await planOf(scenario);

describe('publishing a clone, killed at', () => {
  for (const { name } of plan.failpoints.filter((point) => point.way === 'forward')) {
    it(`${name}: goes on at the next start; image whole, VM untouched, snapshot made once`, async () => {
      const directory = await freshWorld(scenario);
      await killAt(scenario, directory, `${name}=kill`);
      await expectNothingLost(directory, fileName);
      const ended = await runOut(scenario, directory);
      expect(ended.run).toMatchObject({ status: 'succeeded', error: null });
      await expectImage(directory, ended, fileName);
      await expectSourceIntact(directory, ['After cloning']);
      expect(ended.artifacts.filter((item) => item.status !== 'kept' && item.status !== 'removed')).toEqual([]);
    });
  }

  for (const point of plan.failpoints.filter((item) => item.way === 'undo')) {
    const isAfterPivot = plan.steps.findIndex((step) => step.key === point.stepKey) > plan.steps.findIndex((step) => step.isPivot);
    it(`${point.name}: finishes the way back; ${isAfterPivot ? 'the image stays' : 'nothing is left'}, VM untouched`, async () => {
      const directory = await freshWorld(scenario);
      await killOnTheWayBack(scenario, directory, plan, point);
      const ended = await runOut(scenario, directory);
      expect(['cancelled', 'failed']).toContain(ended.run.status);
      if (isAfterPivot) await expectImage(directory, ended, fileName);
      else expectNoImage(directory, ended);
      await expectSourceIntact(directory, []);
      expect(ended.artifacts.filter((item) => item.status !== 'kept' && item.status !== 'removed')).toEqual([]);
    });
  }

  it('the same step twice in a row: still goes on', async () => {
    const directory = await freshWorld(scenario);
    for (const name of ['after-intent:convert', 'after-run:convert', 'after-run:convert', 'in:register:described', 'in:register:described', 'after-run:snapshot']) {
      await killAt(scenario, directory, `${name}=kill`);
    }
    const ended = await runOut(scenario, directory);
    expect(ended.run.status).toBe('succeeded');
    await expectImage(directory, ended, fileName);
    await expectSourceIntact(directory, ['After cloning']);
  });
});
