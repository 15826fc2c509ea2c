/** Clone over the real engine, store, connector and disks. Seed: “After an image source VM is cloned …, the image source VM is still retained and can still be edited.” */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { changed, diskBytes, domain, rig, writeDisk, type Rig } from './rig.ts';

async function onlyImage({ deps }: Rig) {
  const { rows, total } = await deps.images.list({ filter: '', sort: null, offset: 0, limit: 10 });
  expect(total).toBe(1);
  return rows[0]!;
}

async function openArtifacts({ journal }: Rig, id: Awaited<ReturnType<Rig['start']>>) {
  return (await journal.artifacts(id)).filter((item) => item.status !== 'removed' && item.status !== 'kept').map((item) => item.ref['path']);
}

describe('clone', () => {
  it('publishes a version that holds the same bytes, describes it beside it, and keeps the VM', async () => {
    const r = await rig();
    const before = readFileSync(join(r.library, 'gold.raw'));
    const { id, status } = await r.run(await r.clone('Office 办公'));
    expect((await r.journal.findRun(id))?.error).toBeNull();
    expect(status).toBe('succeeded');
    expect(r.poolFiles()).toEqual(['Office 办公/Office 办公-v1.qcow2', 'Office 办公/Office 办公-v1.qcow2.json']);
    const { image, current } = await onlyImage(r);
    expect(image).toMatchObject({ name: 'Office 办公', architecture: 'vdi', lastNumber: 1 });
    expect(current).toMatchObject({ number: 1, isCurrent: true, virtualBytes: diskBytes, publishedBy: 'tester', verification: { outcome: 'ok' }, source: { mode: 'clone', vmName: 'gold' } });
    expect(current.contentIdentity?.level).toBe('content');
    const file = join(r.pool.path, 'Office 办公', current.fileName);
    expect(current.actualBytes).toBe(statSync(file).size);
    expect(await r.deps.disks.firstDifference({ path: file, policy: { roots: [] } }, { path: join(r.library, 'gold.raw'), policy: { roots: [] } }, () => undefined)).toBeNull();
    expect(JSON.parse(readFileSync(`${file}.json`, 'utf8'))).toMatchObject({
      format: 'goldpress-desktop-image', name: 'Office 办公', version: 1, file: current.fileName, fileType: 'qcow2', identity: { content: current.contentIdentity },
    });
    expect(readFileSync(join(r.library, 'gold.raw')).equals(before)).toBe(true);
    expect(await openArtifacts(r, id)).toEqual([]);
    expect((await r.journal.findRun(id))?.result).toMatchObject({ kind: 'desktop-image', id: image.id });
  });

  it.each(['dynamic', 'fixed'] as const)('writes a %s VHD', async (vhdVariant) => {
    const r = await rig();
    expect(await r.run(await r.clone('Win', { fileType: 'vhd', vhdVariant }))).toMatchObject({ status: 'succeeded' });
    const { current } = await onlyImage(r);
    expect(current).toMatchObject({ fileType: 'vhd', vhdVariant, virtualBytes: diskBytes });
  });

  it('takes the snapshot that was asked for, and the VM can be cloned again from its overlay', async () => {
    const r = await rig();
    expect(await r.run(await r.clone('Win', { snapshotName: 'after v1' }))).toMatchObject({ status: 'succeeded' });
    const vm = (await r.deps.sourceVms.find(await r.vmId('gold')))!;
    expect((await r.connector.current(vm.externalId, new AbortController().signal)).snapshots).toMatchObject([{ name: 'after v1' }]);
    const again = await r.plan(await r.clone('Win'));
    expect(again.findings.map((finding) => finding.id)).toContain('chain');
    expect(await r.run(await r.clone('Win'))).toMatchObject({ status: 'succeeded' });
    const { current } = await onlyImage(r);
    expect(current.number).toBe(2);
    const [two, one] = await r.deps.images.versions(current.desktopImageId);
    expect(two?.contentIdentity).toEqual(one?.contentIdentity);
  });

  it('makes the next version under the same name, whatever its case, and never gives a number twice', async () => {
    const r = await rig();
    await r.run(await r.clone('Win'));
    await r.run(await r.clone('wIN'));
    expect(r.poolFiles().filter((name) => name.endsWith('.qcow2'))).toEqual(['Win/Win-v1.qcow2', 'Win/Win-v2.qcow2']);
    const { image, current } = await onlyImage(r);
    expect(await r.run({ type: 'desktop-image.delete', desktopImageId: image.id, versionId: current.id })).toMatchObject({ status: 'succeeded' });
    await r.run(await r.clone('Win'));
    expect((await r.deps.images.versions(image.id)).map((version) => [version.number, version.isCurrent])).toEqual([[3, true], [1, false]]);
  });
});

describe('two tasks on one disk', () => {
  it('are not both started when the VMs share only the file at the bottom of their chains', async () => {
    const r = await rig({ disks: (real) => changed(real, { convert: (_job, _report, signal) => new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))) }) });
    for (const child of ['one', 'two']) {
      await r.deps.disks.createOverlay({ path: join(r.library, `${child}.qcow2`), basePath: join(r.library, 'gold.raw'), policy: { roots: [r.library] } });
      writeFileSync(join(r.library, `${child}.xml`), domain(child, [{ file: `${child}.qcow2`, format: 'qcow2' }]));
    }
    const first = await r.start(await r.plan(await r.clone('One', {}, 'one')));
    await expect(r.start(await r.plan(await r.clone('Two', {}, 'two')))).rejects.toMatchObject({ code: 'LOCK_BUSY' });
    await r.engine.cancel(first);
    expect(await r.until(first, 'cancelled', 'failed')).toBe('cancelled');
  });
});

describe('clone is refused', () => {
  it('when the name belongs to an image from elsewhere', async () => {
    const r = await rig();
    writeDisk(join(r.library, 'other.raw'));
    writeFileSync(join(r.library, 'other.xml'), domain('other', [{ file: 'other.raw', format: 'raw' }]));
    await r.run(await r.clone('Win'));
    const plan = await r.plan(await r.clone('WIN', {}, 'other'));
    expect(plan.canStart).toBe(false);
    expect(plan.findings.find((finding) => finding.id === 'name')?.reason.code).toBe('PUBLISH_NAME_TAKEN');
    await expect(r.start(plan)).rejects.toMatchObject({ code: 'PLAN_BLOCKED' });
  });

  it('when a file of the name lies in the pool already, known or not', async () => {
    const r = await rig();
    mkdirSync(join(r.pool.path, 'Win'));
    writeFileSync(join(r.pool.path, 'Win', 'win-v1.VHD'), 'somebody else’s');
    const plan = await r.plan(await r.clone('Win'));
    expect(plan.findings.find((finding) => finding.id === 'name')?.reason.code).toBe('PUBLISH_NAME_ON_DISK');
  });

  it.each([
    ['a name with a slash', { name: 'a/b' }, 'NAME_FORBIDDEN'],
    ['a reserved name', { name: 'nul' }, 'NAME_RESERVED'],
    ['VOI with an unknown system', { architecture: 'voi', configure: { kind: 'general' } }, 'FILE_TYPE_OS_NEEDED'],
    ['TCI as VHD', { architecture: 'tci', fileType: 'vhd', configure: { kind: 'general' } }, 'FILE_TYPE_TCI'],
    ['VOI without Configure', { architecture: 'voi', osFamily: 'linux' }, 'CONFIGURE_NEEDED'],
    ['a snapshot name with a slash', { snapshotName: 'a/b' }, 'NAME_FORBIDDEN'],
  ] as const)('for %s', async (_what, over, code) => {
    const r = await rig();
    const plan = await r.plan(await r.clone('Win', over));
    expect(plan.canStart).toBe(false);
    expect(plan.findings.filter((finding) => finding.severity === 'blocking').map((finding) => finding.reason.code)).toContain(code);
  });

  it('when cirrus is the video card, and offers to change it', async () => {
    const r = await rig();
    writeFileSync(join(r.library, 'gold.xml'), domain('gold', [{ file: 'gold.raw', format: 'raw' }], 'cirrus'));
    const plan = await r.plan(await r.clone('Win'));
    expect(plan.findings[0]).toMatchObject({ id: 'video-card', severity: 'blocking', fix: { kind: 'edit-vm' } });
  });

  it('when the pool has gone, or only its mount point is left', async () => {
    const r = await rig();
    const request = await r.clone('Win');
    rmSync(r.pool.path, { recursive: true });
    expect((await r.plan(request)).findings.find((finding) => finding.id === 'pool')?.reason.code).toBe('POOL_NOT_THERE');
    mkdirSync(r.pool.path);
    expect((await r.plan(request)).findings).toContainEqual(expect.objectContaining({ id: 'pool', severity: 'blocking', reason: expect.objectContaining({ code: 'POOL_NOT_MOUNTED' }) as unknown }));
  });
});

describe('the world changes', () => {
  it('the VM disappears between plan and start', async () => {
    const r = await rig();
    const plan = await r.plan(await r.clone('Win'));
    rmSync(join(r.library, 'gold.xml'));
    rmSync(join(r.library, 'gold.raw'));
    await expect(r.start(plan)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(r.poolFiles()).toEqual([]);
  });

  it('the disk changes between plan and start', async () => {
    const r = await rig();
    const plan = await r.plan(await r.clone('Win'));
    writeDisk(join(r.library, 'gold.raw'));
    await expect(r.start(plan)).rejects.toMatchObject({ code: 'PLAN_DRIFTED' });
  });

  it('the disk changes while it is read: nothing stays in the pool', async () => {
    let library = '';
    const r = await rig({
      disks: (real) => changed(real, {
        convert: async (job, onProgress, signal) => {
          const result = real.convert(job, onProgress, signal);
          writeDisk(join(library, 'gold.raw'));
          return result;
        },
      }),
    });
    library = r.library;
    const { id, status, code } = await r.run(await r.clone('Win'));
    expect([status, code]).toEqual(['failed', expect.stringMatching(/DISK_CHANGED|PUBLISH_SOURCE_CHANGED/)]);
    expect(r.poolFiles()).toEqual([]);
    expect(await openArtifacts(r, id)).toEqual([]);
  });

  it('somebody puts a file under the name: it is not overwritten, and nothing of ours stays', async () => {
    let pool = '';
    const foreign = (): string => join(pool, 'Win', 'Win-v1.qcow2');
    const r = await rig({
      disks: (real) => changed(real, {
        checkStructure: async (path, signal) => {
          mkdirSync(join(pool, 'Win'), { recursive: true });
          writeFileSync(foreign(), 'somebody else’s');
          return real.checkStructure(path, signal);
        },
      }),
    });
    pool = r.pool.path;
    const { id, status, code } = await r.run(await r.clone('Win'));
    expect([status, code]).toEqual(['failed', 'PUBLISH_FILE_APPEARED']);
    expect(r.poolFiles()).toEqual(['Win/Win-v1.qcow2']);
    expect(readFileSync(foreign(), 'utf8')).toBe('somebody else’s');
    expect(await openArtifacts(r, id)).toEqual([]);
    expect((await r.deps.images.list({ filter: '', sort: null, offset: 0, limit: 10 })).total).toBe(0);
  });

  it('the pool does not give back what was written: it is not published', async () => {
    let library = '';
    const r = await rig({
      disks: (real) => changed(real, {
        convert: async (job, onProgress, signal) => {
          const result = await real.convert(job, onProgress, signal);
          const content = readFileSync(job.targetPath);
          const at = content.indexOf(readFileSync(join(library, 'gold.raw')).subarray(0, 64));
          content[at] = (content[at] ?? 0) ^ 1;
          writeFileSync(job.targetPath, content);
          return result;
        },
      }),
    });
    library = r.library;
    const { id, status, code } = await r.run(await r.clone('Win'));
    expect([status, code]).toEqual(['failed', 'PUBLISH_READ_BACK_DIFFERS']);
    expect(r.poolFiles()).toEqual([]);
    expect(await openArtifacts(r, id)).toEqual([]);
  });

  it('the target gets full half-way: nothing stays, and the same can be planned again', async () => {
    let isFull = true;
    const r = await rig({
      disks: (real) => changed(real, {
        convert: (job, onProgress, signal) => real.convert(isFull ? { ...job, maxTargetBytes: 1024 * 1024 } : job, onProgress, signal),
      }),
    });
    const { id, status, code } = await r.run(await r.clone('Win'));
    expect(status).toBe('failed');
    expect(code).toMatch(/^DISK_/);
    expect(r.poolFiles()).toEqual([]);
    expect(await openArtifacts(r, id)).toEqual([]);
    isFull = false;
    expect(await r.run(await r.clone('Win'))).toMatchObject({ status: 'succeeded' });
  });
});

describe('cancel', () => {
  it('while converting leaves nothing', async () => {
    let begun = (): void => undefined;
    const converting = new Promise<void>((resolve) => { begun = resolve; });
    const r = await rig({
      disks: (real) => changed(real, {
        convert: async (job, onProgress, signal) => {
          await real.convert(job, onProgress, signal);
          begun();
          return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
        },
      }),
    });
    const id = await r.start(await r.plan(await r.clone('Win')));
    await converting;
    expect(r.poolFiles()).toHaveLength(1);
    await r.engine.cancel(id);
    expect(await r.until(id, 'cancelled', 'failed', 'needs-attention')).toBe('cancelled');
    expect(r.poolFiles()).toEqual([]);
    expect(await openArtifacts(r, id)).toEqual([]);
  });

  it('after the image was registered keeps the image', async () => {
    let begun = (): void => undefined;
    const computing = new Promise<void>((resolve) => { begun = resolve; });
    const r = await rig({
      disks: (real) => changed(real, {
        identify: (file, level, onProgress, signal) => {
          if (level === 'fast') return real.identify(file, level, onProgress, signal);
          begun();
          return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
        },
      }),
    });
    const id = await r.start(await r.plan(await r.clone('Win', { snapshotName: 's' })));
    await computing;
    await r.engine.cancel(id);
    expect(await r.until(id, 'cancelled', 'failed', 'needs-attention')).toBe('cancelled');
    const { image } = await onlyImage(r);
    expect((await r.deps.images.find(image.id))?.name).toBe('Win');
    expect(r.poolFiles()).toHaveLength(2);
    const vm = (await r.deps.sourceVms.find(await r.vmId('gold')))!;
    expect((await r.connector.current(vm.externalId, new AbortController().signal)).snapshots).toEqual([]);
  });
});

describe('odd sizes', () => {
  it.each([['qcow2', 'clone'], ['vhd', 'clone'], ['vhd', 'convert']] as const)('a disk that is not made of whole sectors becomes a %s (%s)', async (fileType, mode) => {
    const r = await rig();
    writeDisk(join(r.library, 'gold.raw'), diskBytes + 100);
    const id = await r.start(await r.plan(await r[mode]('Win', { fileType })));
    const status = await r.until(id, 'succeeded', 'failed', 'needs-attention');
    expect([status, (await r.journal.findRun(id))?.error?.message ?? null]).toEqual(['succeeded', null]);
    const { current } = await onlyImage(r);
    expect(await r.run({ type: 'desktop-image.verify', versionId: current.id })).toMatchObject({ status: 'succeeded' });
  });
});

describe('the registration', () => {
  it('fails: the file, its manifest and its folder are taken back', async () => {
    const r = await rig();
    r.deps.images.register = () => Promise.reject(new AppError('STORE_DISK_FULL', { path: 'state.sqlite' }));
    const { id, status, code } = await r.run(await r.clone('Win'));
    expect([status, code]).toEqual(['failed', 'STORE_DISK_FULL']);
    expect(readdirSync(r.pool.path)).toEqual(['.goldpress-pool.json']);
    expect(await openArtifacts(r, id)).toEqual([]);
  });

  it('succeeds but its answer is lost: the run goes on', async () => {
    const r = await rig();
    const { images } = r.deps;
    const register = images.register.bind(images);
    images.register = async (image, version) => {
      await register(image, version);
      throw new AppError('STORE_STOPPED');
    };
    const { id, status } = await r.run(await r.clone('Win'));
    expect(status).toBe('succeeded');
    expect(r.poolFiles()).toHaveLength(2);
    expect(await openArtifacts(r, id)).toEqual([]);
  });
});
