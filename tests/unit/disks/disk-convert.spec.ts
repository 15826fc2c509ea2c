/** The workflow `disk.convert` with the real engines: planned, run, refused, and what is left when it is stopped. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/main/clock.ts';
import { diskConvert } from '../../../src/main/workflows/disk-convert/disk-convert.ts';
import type { WorkflowDefinition } from '../../../src/main/workflows/engine/definition.ts';
import { WorkflowEngine } from '../../../src/main/workflows/engine/engine.ts';
import { Planner } from '../../../src/main/workflows/engine/planner.ts';
import type { RunId } from '../../../src/shared/model/ids.ts';
import type { Plan } from '../../../src/shared/model/task.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';
import { rig, sharedDiskEngine, type Rig } from '../publish/rig.ts';

const never = new AbortController().signal;

interface Converter {
  rig: Rig;
  plan: (target: string, over?: Partial<Extract<WorkflowRequest, { type: 'disk.convert' }>>) => Promise<Plan>;
  run: (plan: Plan) => Promise<{ status: string; code: string | null }>;
}

async function converter(): Promise<Converter> {
  const world = await rig();
  const definitions = [diskConvert(world.deps)] as unknown as WorkflowDefinition[];
  const { journal } = world;
  const engine = new WorkflowEngine({ journal, definitions, events: world.deps.events, clock: systemClock, log: pino({ enabled: false }) });
  const planner = new Planner({ journal, definitions, engine, clock: systemClock });
  await engine.start();
  onTestFinished(() => engine.dispose(2000));
  return {
    rig: world,
    plan: (target, over = {}) => {
      const { grants } = world.deps;
      const source = grants.issue(join(world.library, 'gold.raw'));
      return planner.plan({ type: 'disk.convert', source, target: grants.issue(target), format: 'vhd', compression: null, isBackingAllowed: false, choice: {}, ...over }, 'tester', never);
    },
    run: async (plan) => {
      const id: RunId = await planner.start({ planId: plan.id, acknowledged: plan.findings.map((finding) => finding.id), typedName: null }, 'tester', never);
      const status = await world.until(id, 'succeeded', 'failed', 'cancelled', 'waiting', 'needs-attention');
      return { status, code: (await journal.findRun(id))?.error?.reason.code ?? null };
    },
  };
}

describe('disk.convert', () => {
  it('writes the file under its name only once it has been read back', async () => {
    const { rig: world, plan, run } = await converter();
    const target = join(world.pool.path, 'gold.vhd');
    const made = await plan(target);
    expect(made.steps.map(({ key }) => key)).toEqual(['convert', 'verify', 'name']);
    expect(await run(made)).toEqual({ status: 'succeeded', code: null });
    expect(world.poolFiles()).toEqual(['gold.vhd']);
    const files = [join(world.library, 'gold.raw'), target].map((path) => ({ path, policy: { roots: [] } }));
    const [first, second] = files;
    if (first === undefined || second === undefined) throw new Error('two files');
    expect(await sharedDiskEngine().firstDifference(first, second, () => undefined)).toBeNull();
  });

  it('names the file after the source when a folder was chosen', async () => {
    const { rig: world, plan, run } = await converter();
    expect((await run(await plan(world.pool.path, { format: 'qcow2', compression: 'zstd' }))).status).toBe('succeeded');
    expect(world.poolFiles()).toEqual(['gold.qcow2']);
  });

  it('does not start over a file that is there, nor over a source that cannot be read', async () => {
    const { rig: world, plan } = await converter();
    const target = join(world.pool.path, 'taken.vhd');
    writeFileSync(target, 'mine');
    expect((await plan(target)).findings).toMatchObject([{ id: 'target', severity: 'blocking' }]);
    writeFileSync(join(world.library, 'bad.vmdk'), 'KDMV'.padEnd(4096, '\0'));
    const source = world.deps.grants.issue(join(world.library, 'bad.vmdk'));
    expect((await plan(join(world.pool.path, 'x.vhd'), { source })).canStart).toBe(false);
  });

  it('fails and leaves nothing when the source changes between plan and start', async () => {
    const { rig: world, plan, run } = await converter();
    const made = await plan(join(world.pool.path, 'gold.vhd'));
    writeFileSync(join(world.library, 'gold.raw'), Buffer.alloc(1024 ** 2, 3));
    await expect(run(made)).rejects.toMatchObject({ code: 'PLAN_DRIFTED' });
    expect(readdirSync(world.pool.path)).toEqual(['.goldpress-pool.json']);
  });
});
