import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { expectHonestLedger, expectImage, expectNothingHalfMade, expectNothingLost, expectSourceIntact } from './app/invariants.ts';
import { Lives } from './app/lives.ts';
import { worldIn } from './app/world.ts';

const fileName = 'Gold 金-v1.qcow2';
const lives = await Lives.prepare('publish.clone of a large disk');
afterAll(() => lives.remove());

/** The first line says what is converted; whatever follows it are blocks that were flushed to the drive. */
const subjectBytes = 1024;

function checkpointBytes(): number {
  const { pool } = worldIn(lives.directory);
  const name = readdirSync(pool).find((entry) => entry.endsWith('.checkpoint'));
  return name === undefined ? 0 : statSync(join(pool, name), { throwIfNoEntry: false })?.size ?? 0;
}

/** Kills the process from outside once a checkpoint says more than `knownBytes`. @returns what the checkpoint has, or null when it came too late. */
async function killBetweenCheckpoints(knownBytes: number): Promise<number | null> {
  const life = lives.start();
  while (!life.hasEnded() && checkpointBytes() <= knownBytes) await sleep(1);
  life.kill();
  const { signal } = await life.ended;
  const left = checkpointBytes();
  return signal === 'SIGKILL' && left > knownBytes ? left : null;
}

describe('killed from outside in the middle of a conversion', () => {
  it('goes on from the checkpoint, and the image holds the same bytes', { timeout: 600_000 }, async () => {
    // The kill hits whatever moment it hits; on a fast drive it may come after the conversion, and is then tried again.
    let left: number | null = null;
    for (let attempt = 0; attempt < 5 && left === null; attempt += 1) {
      lives.renew();
      left = await killBetweenCheckpoints(subjectBytes);
    }
    expect(left, 'the conversion was never met half-way').not.toBeNull();
    await expectNothingLost(lives, fileName);
    await expectNothingHalfMade(lives);
    const task = await lives.runOut();
    expect(task).toMatchObject({ status: 'succeeded', error: null });
    const resumed = task.events.find((event) => event.message.code === 'PUBLISH_RESUMED');
    expect(Number(resumed?.message.params['doneBytes'] ?? 0)).toBeGreaterThanOrEqual(2 * 1024 ** 2);
    await expectImage(lives, task.result?.id ?? '', fileName);
    await expectSourceIntact(lives, []);
    expectHonestLedger(task);
  });
});
