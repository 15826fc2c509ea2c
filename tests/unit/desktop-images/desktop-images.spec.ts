/** What can be done with a published desktop image, over the real engines. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { desktopImagesHandlers } from '../../../src/main/contract/handlers/desktop-images.handlers.ts';
import type { CallContext } from '../../../src/main/contract/handler.ts';
import { desktopImage, desktopImageDetail } from '../../../src/shared/model/desktop-image.ts';
import { domain, platformId, rig, type Rig } from '../publish/rig.ts';

const ctx = {} as CallContext;
const query = { filter: '', sort: null, offset: 0, limit: 100 };

function handlersOf(r: Rig, revealed: string[] = []) {
  return desktopImagesHandlers({ ...r.deps, reveal: (path) => Promise.resolve(void revealed.push(path)) });
}

async function published(r: Rig, name = 'Win') {
  expect(await r.run(await r.clone(name))).toMatchObject({ status: 'succeeded' });
  const { rows } = await r.deps.images.list(query);
  const row = rows.find(({ image }) => image.name === name)!;
  return { ...row, file: join(r.pool.path, name, row.current.fileName) };
}

describe('list and detail', () => {
  it('show what was published, by the contract', async () => {
    const r = await rig();
    const { image, current, file } = await published(r);
    const revealed: string[] = [];
    const handlers = handlersOf(r, revealed);
    const { rows, total } = await handlers['desktopImages.list'](query, ctx);
    expect(total).toBe(1);
    expect(desktopImage.parse(rows[0])).toMatchObject({ name: 'Win', versionCount: 1, problem: null, actions: { remove: { isAvailable: true } } });
    expect(desktopImageDetail.parse(await handlers['desktopImages.show']({ id: image.id }, ctx))).toMatchObject({ versions: [{ number: 1 }], directory: join(r.pool.path, 'Win') });
    await handlers['desktopImages.reveal']({ versionId: current.id }, ctx);
    expect(revealed).toEqual([file]);
  });

  it('filter and sort in the database', async () => {
    const r = await rig();
    for (const name of ['Alpha', 'Beta 办公', '100%']) await published(r, name);
    const names = async (filter: string, sort: { key: string; isDescending: boolean } | null = { key: 'name', isDescending: false }) =>
      (await r.deps.images.list({ ...query, filter, sort })).rows.map(({ image }) => image.name);
    expect(await names('')).toEqual(['100%', 'Alpha', 'Beta 办公']);
    expect(await names('', { key: 'name', isDescending: true })).toEqual(['Beta 办公', 'Alpha', '100%']);
    expect(await names('办公')).toEqual(['Beta 办公']);
    expect(await names('0%')).toEqual(['100%']);
    expect(await names('pool:main type:qcow2 al')).toEqual(['Alpha']);
    expect(await names('architecture:voi')).toEqual([]);
    expect(await names('', null)).toEqual(['100%', 'Beta 办公', 'Alpha']);
    expect((await r.deps.images.list({ ...query, offset: 1, limit: 1, sort: { key: 'name', isDescending: false } })).rows.map(({ image }) => image.name)).toEqual(['Alpha']);
  });

  it.each([
    ['has another size', (file: string) => writeFileSync(file, 'short'), 'DESKTOP_IMAGE_FILE_SIZE'],
    ['is gone', (file: string) => rmSync(file), 'DESKTOP_IMAGE_FILE_GONE'],
  ] as const)('say that the file %s', async (_what, damage, code) => {
    const r = await rig();
    const { file } = await published(r);
    damage(file);
    const { rows } = await handlersOf(r)['desktopImages.list'](query, ctx);
    expect(rows[0]).toMatchObject({ problem: { code }, actions: { copy: { isAvailable: false }, newSourceVm: { isAvailable: false } } });
  });
});

describe('verify', () => {
  it('finds an image as it was published, and says so with the version', async () => {
    const r = await rig();
    const { current } = await published(r);
    expect(await r.run({ type: 'desktop-image.verify', versionId: current.id })).toMatchObject({ status: 'succeeded' });
    expect((await r.deps.images.findVersion(current.id))?.version.verification?.outcome).toBe('ok');
  });

  it('finds one flipped bit, and keeps that with the version', async () => {
    const r = await rig();
    const { current, file } = await published(r);
    const content = readFileSync(file);
    const at = content.indexOf(readFileSync(join(r.library, 'gold.raw')).subarray(0, 64));
    content[at] = (content[at] ?? 0) ^ 1;
    writeFileSync(file, content);
    expect(await r.run({ type: 'desktop-image.verify', versionId: current.id })).toMatchObject({ status: 'failed', code: 'DESKTOP_IMAGE_CHANGED' });
    expect((await r.deps.images.findVersion(current.id))?.version.verification).toMatchObject({ outcome: 'failed', detail: { code: 'DESKTOP_IMAGE_CHANGED' } });
  });
});

describe('copy', () => {
  it('into a folder keeps the file name, and is the same file', async () => {
    const r = await rig();
    const { current, file } = await published(r);
    const out = join(r.directory, 'USB 盘');
    mkdirSync(out);
    expect(await r.run({ type: 'desktop-image.copy', versionId: current.id, target: r.deps.grants.issue(out) })).toMatchObject({ status: 'succeeded' });
    expect(readdirSync(out)).toEqual([current.fileName]);
    expect(readFileSync(join(out, current.fileName)).equals(readFileSync(file))).toBe(true);
  });

  it('does not overwrite, and leaves nothing when it may not', async () => {
    const r = await rig();
    const { current } = await published(r);
    const target = join(r.directory, 'mine.qcow2');
    writeFileSync(target, 'mine');
    const plan = await r.plan({ type: 'desktop-image.copy', versionId: current.id, target: r.deps.grants.issue(target) });
    expect(plan.canStart).toBe(false);
    expect(readFileSync(target, 'utf8')).toBe('mine');
  });
});

describe('a new source VM', () => {
  it('can publish the next version, keeps its version from being deleted, and gives it free when it is gone', async () => {
    const r = await rig();
    const { image, current } = await published(r);
    expect(await r.run({ type: 'desktop-image.new-source-vm', versionId: current.id, platformId, name: 'patched' })).toMatchObject({ status: 'succeeded' });
    expect(readdirSync(r.library).filter((name) => name.includes('goldpress'))).toEqual([]);
    const identity = await r.deps.disks.identify({ path: join(r.library, 'patched.qcow2'), policy: { roots: [] } }, 'content', () => undefined);
    expect(identity).toEqual((await r.deps.images.findVersion(current.id))?.version.contentIdentity);

    const twin = await r.plan({ type: 'desktop-image.new-source-vm', versionId: current.id, platformId, name: 'Patched' });
    expect(twin.findings.find((finding) => finding.id === 'name')).toMatchObject({ severity: 'blocking', reason: { code: 'NEW_VM_NAME_TAKEN' } });

    const refused = await r.plan({ type: 'desktop-image.delete', desktopImageId: image.id, versionId: null });
    expect(refused.findings.find((finding) => finding.id === 'in-use:1')).toMatchObject({ severity: 'blocking', reason: { params: { users: 'patched' } } });

    const plan = await r.plan(await r.convert('Win', {}, 'patched'));
    expect(plan.findings.find((finding) => finding.id === 'new-version')?.reason.params).toMatchObject({ number: 2 });
    const id = await r.start(plan);
    expect(await r.until(id, 'succeeded', 'failed', 'needs-attention')).toBe('succeeded');
    expect(existsSync(join(r.library, 'patched.qcow2'))).toBe(false);

    expect(await r.run({ type: 'desktop-image.delete', desktopImageId: image.id, versionId: null })).toMatchObject({ status: 'succeeded' });
    expect(r.poolFiles()).toEqual([]);
    expect(existsSync(join(r.pool.path, 'Win'))).toBe(false);
    expect(await r.deps.images.find(image.id)).toBeNull();
  });
});

describe('delete', () => {
  it('takes only its own files, and needs the name', async () => {
    const r = await rig();
    const { image } = await published(r);
    writeFileSync(join(r.pool.path, 'Win', 'notes.txt'), 'mine');
    const plan = await r.plan({ type: 'desktop-image.delete', desktopImageId: image.id, versionId: null });
    expect(plan.typedName).toBe('Win');
    expect(await r.until(await r.start(plan), 'succeeded', 'failed', 'needs-attention')).toBe('succeeded');
    expect(r.poolFiles()).toEqual(['Win/notes.txt']);
  });
});

describe('the source VM’s own workflows', () => {
  it('edit its hardware, with the definition before and after in the plan', async () => {
    const r = await rig();
    writeFileSync(join(r.library, 'gold.xml'), domain('gold', [{ file: 'gold.raw', format: 'raw' }], 'cirrus'));
    const request = { type: 'vm.edit', vmId: await r.vmId('gold'), change: { videoModel: 'virtio', vcpus: 4 } } as const;
    const plan = await r.plan(request);
    expect(String(plan.facts['before'])).toContain('cirrus');
    expect(String(plan.facts['after'])).not.toContain('cirrus');
    expect(await r.until(await r.start(plan), 'succeeded', 'failed', 'needs-attention')).toBe('succeeded');
    expect(readFileSync(join(r.library, 'gold.xml'), 'utf8')).toContain('virtio');
    expect((await r.plan(request)).findings.map((finding) => finding.reason.code)).toContain('VM_EDIT_NOTHING');
  });

  it.each([['cirrus', 'blocking', false], ['vga', 'error', true], ['none', 'error', true]] as const)('say what is wrong with the video card %s', async (videoModel, severity, canStart) => {
    const r = await rig();
    const plan = await r.plan({ type: 'vm.edit', vmId: await r.vmId('gold'), change: { videoModel } });
    expect(plan.findings).toContainEqual(expect.objectContaining({ id: 'video-card', severity, fix: null }));
    expect(plan.canStart).toBe(canStart);
  });

  it('make, revert and delete a snapshot', async () => {
    const r = await rig();
    const vmId = await r.vmId('gold');
    const externalId = (await r.deps.sourceVms.find(vmId))!.externalId;
    const snapshots = async () => (await r.connector.current(externalId, new AbortController().signal)).snapshots;
    expect(await r.run({ type: 'snapshot.create', vmId, name: 'before' })).toMatchObject({ status: 'succeeded' });
    const [snapshot] = await snapshots();
    expect(snapshot?.name).toBe('before');
    const revert = await r.plan({ type: 'snapshot.revert', vmId, snapshotId: snapshot!.id });
    expect(revert.typedName).toBe('gold');
    expect(await r.until(await r.start(revert), 'succeeded', 'failed', 'needs-attention')).toBe('succeeded');
    expect(await r.run({ type: 'snapshot.delete', vmId, snapshotId: snapshot!.id })).toMatchObject({ status: 'succeeded' });
    expect(await snapshots()).toEqual([]);
  });
});
