import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { TaskDetail } from '../../src/shared/model/task.ts';
import { expectHonestLedger, expectImage, expectNothingHalfMade, expectNothingLost, expectSourceIntact } from './app/invariants.ts';
import { Lives, startProcess, type Process } from './app/lives.ts';
import { vm, worldIn } from './app/world.ts';

const fileName = 'Gold 金-v1.qcow2';
const program = join(import.meta.dirname, '..', '..', 'src', 'main', 'index.ts');
const lives = await Lives.prepare('publish.clone');
afterAll(() => lives.remove());

const goldpress = (words: readonly string[], env: Record<string, string> = {}): Process =>
  startProcess([program, '--data-dir', worldIn(lives.directory).data, '--no-sample', '--json', ...words], env);
const publish = (env: Record<string, string> = {}): Process =>
  goldpress(['publish', 'clone', '--vm', vm.name, '--name', 'Gold 金', '--pool', 'Pool', '--architecture', 'vdi', '--yes'], env);

/** Waits while the processes live; one that ends before the moment says why. */
async function until(isTrue: () => boolean, processes: readonly Process[]): Promise<void> {
  while (!isTrue()) {
    for (const item of processes.filter((candidate) => candidate.hasEnded())) {
      const { out, errors } = await item.ended;
      throw new Error(`A process ended too early.\n${out}\n${errors}`);
    }
    await sleep(10);
  }
}

describe('two processes on one data directory', () => {
  it('publish the same VM under the same name at once: one does, the other is told who', { timeout: 600_000 }, async () => {
    lives.renew();
    // Whichever of them becomes the host holds the run here, so that the winner cannot be done before the other asks.
    const paused = join(lives.directory, 'paused');
    const both = [publish({ GOLDPRESS_FAILPOINT: `after-intent:convert=pause:${paused}` }), publish({ GOLDPRESS_FAILPOINT: `after-intent:convert=pause:${paused}` })];
    const loser = await Promise.race(both.map((item, index) => item.ended.then((ended) => ({ index, ...ended }))));
    expect(loser.code).toBe(1);
    const refusal = JSON.parse(loser.out) as { error: { code: string; message: string } };
    expect(['LOCK_BUSY', 'TASK_DUPLICATE']).toContain(refusal.error.code);
    expect(refusal.error.message).toContain(vm.name);
    // Where the loser was the host, the winner goes on as the host, and is stopped there again.
    const goOn = setInterval(() => rmSync(paused, { force: true }), 50);
    const winner = await both[1 - loser.index]?.ended.finally(() => clearInterval(goOn));
    expect(winner?.code, `${winner?.out}\n${winner?.errors}`).toBe(0);
    const task = JSON.parse(winner?.out ?? '') as TaskDetail;
    expect(task.status).toBe('succeeded');
    await expectImage(lives, task.result?.id ?? '', fileName);
    await expectSourceIntact(lives, []);
    expectHonestLedger(task);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('the app is ended by %s while a command line waits for its task: the command goes on with it', { timeout: 600_000 }, async (signal) => {
    lives.renew();
    const paused = join(lives.directory, 'paused');
    const app = goldpress(['serve', '--until-idle'], { GOLDPRESS_FAILPOINT: `after-run:convert=pause:${paused}` });
    await until(() => existsSync(join(worldIn(lives.directory).data, 'host.json')), [app]);
    const client = publish();
    await until(() => existsSync(paused), [app, client]);
    app.kill(signal);
    // An orderly end waits for the step that is held here.
    if (signal === 'SIGTERM') rmSync(paused);
    expect((await app.ended).signal).toBe(signal === 'SIGKILL' ? signal : null);
    await expectNothingLost(lives, fileName);
    await expectNothingHalfMade(lives);
    const { code, out, errors } = await client.ended;
    expect(code, `${out}\n${errors}`).toBe(0);
    expect(errors).not.toBe('');
    const task = JSON.parse(out) as TaskDetail;
    expect(task).toMatchObject({ status: 'succeeded', error: null });
    await expectImage(lives, task.result?.id ?? '', fileName);
    await expectSourceIntact(lives, []);
    expectHonestLedger(task);
  });
});
