import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { everyFailpoint, type Expectations } from './app/every-failpoint.ts';
import { diskFileOf, expectHonestLedger, expectListed, expectNothingLost, expectSameGuest, expectSourceIntact, expectUnchanged, listedVms } from './app/invariants.ts';
import type { Lives } from './app/lives.ts';
import { snapshotName } from './app/scenarios.ts';
import { externalId, filesBelow, vm, worldIn } from './app/world.ts';

/** The VM can be read at every moment, holds one of these contents, and is listed once. */
async function expectUsable(lives: Lives, wanted: readonly { disk: string; roots: readonly string[] }[]): Promise<void> {
  await expectListed(lives, [vm.name]);
  const { library } = worldIn(lives.directory);
  const path = await diskFileOf(lives, externalId);
  const tries = await Promise.allSettled(wanted.map(({ disk, roots }) => expectSameGuest(path, [library], disk, roots)));
  expect(tries.filter((item) => item.status === 'fulfilled'), JSON.stringify(tries.map((item) => item.status === 'rejected' && String(item.reason)))).toHaveLength(1);
}

const original = (lives: Lives): { disk: string; roots: readonly string[] } => ({ disk: worldIn(lives.before).disk, roots: [] });

/** What the VM wrote since its snapshot: read from a third copy, because overlays name their base by where it lies. */
function written(lives: Lives): { disk: string; roots: readonly string[] } {
  const { library, disk, definition } = worldIn(lives.before);
  const overlay = filesBelow(library).find((path) => path !== disk && path !== definition) ?? '';
  return { disk: overlay, roots: [library] };
}

const edit: Expectations = {
  inside: 'apply',
  async moment(lives) {
    await expectNothingLost(lives, '');
    await expectUsable(lives, [original(lives)]);
    const [record] = await listedVms(lives);
    expect([vm.vcpus, 6]).toContain(record?.vcpus);
  },
  async succeeded(lives, task) {
    await expectUsable(lives, [original(lives)]);
    expect((await listedVms(lives))[0]).toMatchObject({ vcpus: 6, memoryBytes: vm.memoryBytes });
    const { library, disk, definition } = worldIn(lives.directory);
    expect(filesBelow(library)).toEqual([disk, definition].sort());
    expectHonestLedger(task);
  },
};
await everyFailpoint('editing a VM', 'vm.edit', edit);

await everyFailpoint('making a snapshot', 'snapshot.create', {
  inside: 'snapshot',
  async moment(lives) {
    await expectNothingLost(lives, '');
    await expectUsable(lives, [original(lives)]);
  },
  async succeeded(lives, task) {
    await expectSourceIntact(lives, [snapshotName]);
    expectHonestLedger(task);
  },
  async undone(lives, task) {
    await expectSourceIntact(lives, []);
    expectHonestLedger(task);
  },
});

await everyFailpoint('reverting to a snapshot', 'snapshot.revert', {
  inside: 'revert',
  moment: (lives) => expectUsable(lives, [original(lives), written(lives)]),
  async succeeded(lives, task) {
    await expectUsable(lives, [original(lives)]);
    expect((await listedVms(lives))[0]?.snapshots.map((item) => item.name)).toEqual([snapshotName]);
    const { library, disk, definition } = worldIn(lives.directory);
    expect(filesBelow(library), 'what was abandoned has gone').toEqual([disk, definition, await diskFileOf(lives, externalId)].sort());
    expect(readFileSync(disk).equals(readFileSync(worldIn(lives.before).disk)), 'the base of the snapshot').toBe(true);
    expectHonestLedger(task);
  },
});

await everyFailpoint('deleting a snapshot', 'snapshot.delete', {
  inside: 'delete',
  moment: (lives) => expectUsable(lives, [written(lives)]),
  async succeeded(lives, task) {
    await expectUsable(lives, [written(lives)]);
    expect((await listedVms(lives))[0]?.snapshots).toEqual([]);
    const { library, disk, definition } = worldIn(lives.directory);
    expect(filesBelow(library), 'only the whole file is left').toEqual([definition, await diskFileOf(lives, externalId)].sort());
    expect(existsSync(disk)).toBe(false);
    expectHonestLedger(task);
  },
  async undone(lives, task) {
    await expectUsable(lives, [written(lives)]);
    expectUnchanged(lives, ['library']);
    expectHonestLedger(task);
  },
});
