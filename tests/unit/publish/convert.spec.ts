/** Convert. Seed: “After an image source VM is converted to a desktop image, the image source VM is deleted.” Last, and only while it is what was published. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WorkflowEngine } from '../../../src/main/workflows/engine/engine.ts';
import { systemClock } from '../../../src/main/clock.ts';
import { publishConvert } from '../../../src/main/workflows/publish/convert.ts';
import { pino } from 'pino';
import { changed, domain, rig, sharedDiskEngine, writeDisk, type Rig } from './rig.ts';

const registered = async ({ deps }: Rig) => (await deps.images.list({ filter: '', sort: null, offset: 0, limit: 10 })).rows;

describe('convert', () => {
  it('deletes the VM and its disk at the end, and the image holds what the disk held', async () => {
    const r = await rig();
    writeDisk(join(r.library, 'bystander.raw'));
    const plan = await r.plan(await r.convert('Win'));
    expect(plan.typedName).toBe('gold');
    expect(plan.steps.map((step) => [step.key, step.isDestructive, step.isPivot])).toEqual([
      ['check', false, false], ['convert', false, false], ['verify', false, false], ['register', false, true], ['content', false, false],
      ['compare', false, false], ['delete', true, false],
    ]);
    const before = await sharedDiskEngine().identify({ path: join(r.library, 'gold.raw'), policy: { roots: [] } }, 'content', () => undefined);
    const id = await r.start(plan);
    expect(await r.until(id, 'succeeded', 'failed', 'needs-attention')).toBe('succeeded');
    expect(readdirSync(r.library)).toEqual(['bystander.raw']);
    const [row] = await registered(r);
    expect(row?.current).toMatchObject({ source: { mode: 'convert' }, contentIdentity: before });
    expect((await r.journal.artifacts(id)).filter((item) => !['kept', 'removed'].includes(item.status))).toEqual([]);
  });

  it('does not start before the name is typed', async () => {
    const r = await rig();
    const plan = await r.plan(await r.convert('Win'));
    await expect(r.planner.start({ planId: plan.id, acknowledged: plan.findings.map((finding) => finding.id), typedName: 'Gold' }, 'tester', new AbortController().signal))
      .rejects.toMatchObject({ code: 'PLAN_NAME_NOT_TYPED' });
  });

  it('is refused while another VM stands on the disk', async () => {
    const r = await rig();
    await sharedDiskEngine().createOverlay({ path: join(r.library, 'child.qcow2'), basePath: join(r.library, 'gold.raw'), policy: { roots: [r.library] } });
    writeFileSync(join(r.library, 'child.xml'), domain('child', [{ file: 'child.qcow2', format: 'qcow2' }]));
    const plan = await r.plan(await r.convert('Win'));
    expect(plan.findings.find((finding) => finding.id === 'dependants')).toMatchObject({ severity: 'blocking', reason: { params: { vms: 'child' } } });
    expect((await r.plan(await r.clone('Win'))).canStart).toBe(true);
  });

  it('is refused while the VM has further disks', async () => {
    const r = await rig();
    writeDisk(join(r.library, 'data.raw'));
    writeFileSync(join(r.library, 'gold.xml'), domain('gold', [{ file: 'gold.raw', format: 'raw' }, { file: 'data.raw', format: 'raw' }]));
    expect((await r.plan(await r.convert('Win'))).findings.find((finding) => finding.id === 'further-disks')?.severity).toBe('blocking');
    expect((await r.plan(await r.clone('Win'))).canStart).toBe(true);
  });

  it('is refused where the platform may not delete', async () => {
    const r = await rig();
    r.deps.platforms.roleOf = (_id, role) => Promise.resolve(
      role === 'deleter' ? { isAvailable: false, reason: { code: 'PUBLISH_NO_DELETER', params: {} } } : { isAvailable: true });
    expect((await r.plan(await r.convert('Win'))).canStart).toBe(false);
  });
});

describe('convert keeps the VM', () => {
  it.each([
    ['its disk changes after the image was registered', (library: string) => writeDisk(join(library, 'gold.raw')), 'PUBLISH_SOURCE_CHANGED', 'content'],
    ['its definition changes before it is deleted', (library: string) => writeFileSync(join(library, 'gold.xml'), domain('gold', [{ file: 'gold.raw', format: 'raw' }], 'vga')),
      'PUBLISH_KEPT_VM', 'content'],
  ] as const)('when %s', async (_what, change, expected, level) => {
    let library = '';
    const r = await rig({
      disks: (real) => changed(real, {
        identify: async (file, asked, onProgress, signal) => {
          const identity = await real.identify(file, asked, onProgress, signal);
          // Only while the published file is read: that is after it was registered.
          if (asked === level && !file.path.startsWith(library)) change(library);
          return identity;
        },
      }),
    });
    library = r.library;
    const { id, status, code } = await r.run(await r.convert('Win'));
    expect([status, code]).toEqual(['needs-attention', expected]);
    expect(readdirSync(r.library).sort()).toEqual(['gold.raw', 'gold.xml']);
    expect(await registered(r)).toHaveLength(1);
    await r.engine.decide(id, 'keep');
    await r.until(id, 'failed', 'cancelled', 'succeeded');
    expect(existsSync(join(r.library, 'gold.raw'))).toBe(true);
    expect(r.poolFiles()).toHaveLength(2);
  });

  it('when it is cancelled before the deletion, and the image stays', async () => {
    let begun = (): void => undefined;
    const comparing = new Promise<void>((resolve) => { begun = resolve; });
    let library = '';
    const r = await rig({
      disks: (real) => changed(real, {
        identify: (file, level, onProgress, signal) => {
          if (!file.path.startsWith(library)) return real.identify(file, level, onProgress, signal);
          begun();
          return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
        },
      }),
    });
    library = r.library;
    const id = await r.start(await r.plan(await r.convert('Win')));
    await comparing;
    await r.engine.cancel(id);
    expect(await r.until(id, 'cancelled', 'failed', 'needs-attention')).toBe('cancelled');
    expect(existsSync(join(r.library, 'gold.raw'))).toBe(true);
    expect(await registered(r)).toHaveLength(1);
  });
});

describe('the program ends in the middle', () => {
  it('and the next start finishes what was begun', async () => {
    let begun = (): void => undefined;
    const verifying = new Promise<void>((resolve) => { begun = resolve; });
    const r = await rig({
      disks: (real) => changed(real, {
        identify: (_file, _level, _onProgress, signal) => {
          begun();
          return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
        },
      }),
    });
    const id = await r.start(await r.plan(await r.convert('Win')));
    await verifying;
    await r.engine.dispose(5000);
    expect(existsSync(join(r.library, 'gold.raw'))).toBe(true);
    const next = new WorkflowEngine({
      journal: r.journal, definitions: [publishConvert({ ...r.deps, disks: sharedDiskEngine() })], events: r.deps.events, clock: systemClock, log: pino({ enabled: false }),
    });
    await next.start();
    expect(await r.until(id, 'succeeded', 'failed', 'needs-attention')).toBe('succeeded');
    await next.dispose(1000);
    expect(readdirSync(r.library)).toEqual([]);
    expect(await registered(r)).toHaveLength(1);
  });
});
