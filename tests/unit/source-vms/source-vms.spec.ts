import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noAttributes } from '../../../src/shared/model/business-attributes.ts';
import type { RunRecord } from '../../../src/main/workflows/engine/journal.ts';
import { sourceVm, sourceVmDetail } from '../../../src/shared/model/source-vm.ts';
import { image } from '../../../src/shared/model/image.ts';
import { platform as platformSchema, type Platform } from '../../../src/shared/model/platform.ts';
import { decodeText } from '../../../src/main/source-vms/source-vm-service.ts';
import { imagesHandlers } from '../../../src/main/contract/handlers/images.handlers.ts';
import { createInventoryApp, type InventoryApp } from '../../fixtures/inventory-app.ts';

const never = new AbortController().signal;
const query = { filter: '', sort: null, offset: 0, limit: 500, platformId: null };
let app: InventoryApp;
let site: Platform;

/** One app for each group: its tests leave behind what the next one needs. */
function useSampleSite(): void {
  beforeAll(async () => {
    app = await createInventoryApp();
    site = await app.sample.create(never);
    await app.syncs.sync(site.id);
    await app.queue.idle();
  });
  afterAll(() => app.dispose());
}

describe('image source VMs of the sample site', () => {
  useSampleSite();

  it('are listed as the contract says, inspected and judged', async () => {
    const { rows, total } = await app.sourceVms.list(query);
    expect(total).toBeGreaterThanOrEqual(7);
    for (const row of rows) {
      expect(sourceVm.safeParse(row).error).toBeUndefined();
      const detail = await app.sourceVms.show(row.id);
      expect(sourceVmDetail.safeParse(detail).error).toBeUndefined();
      expect(detail.inspectedAt).not.toBeNull();
      expect(row.findings.map((finding) => finding.id)).not.toContain('disk-inspected');
    }
    expect(rows.filter((row) => row.os.source === 'inspection').length).toBeGreaterThan(2);
    expect(rows.some((row) => row.findings.some((finding) => finding.reason.code === 'READY_VIDEO_CIRRUS'))).toBe(true);
    expect(rows.some((row) => row.findings.some((finding) => finding.reason.code === 'READY_BOOT_MODE_MISMATCH'))).toBe(true);
    const bare = rows.find((row) => row.definition === 'bare-disk');
    expect(bare?.actions).toMatchObject({ clone: { isAvailable: true }, edit: { reason: { code: 'EDIT_BARE_DISK' } }, snapshot: { reason: { code: 'SNAPSHOT_BARE_DISK' } } });
    expect((await app.sourceVms.list({ ...query, filter: 'boot:uefi' })).total).toBeLessThan(total);
    const listed = await imagesHandlers({ images: app.imageService })['images.list']({ ...query, scope: 'system' }, { signal: never, scope: { kind: 'system' } } as never);
    expect(listed.total).toBe(1);
    expect(image.safeParse(listed.rows[0]).error).toBeUndefined();
    expect(platformSchema.safeParse(await app.service.show(site.id)).error).toBeUndefined();
  });

  it('take a person’s word about the system over the disk’s, and the disk’s over the platform’s', async () => {
    const { rows } = await app.sourceVms.list(query);
    const vm = rows.find((row) => row.os.source === 'inspection');
    if (vm === undefined) throw new Error('nothing inspected');
    const family = vm.os.family === 'linux' ? 'windows' : 'linux';
    await app.attributes.set({ platformId: vm.platformId, kind: 'source-vm', externalId: vm.externalId }, { ...noAttributes, osType: family }, vm.name, 1);
    await app.sourceVms.refresh(vm);
    expect((await app.sourceVms.find(vm.id))?.os).toMatchObject({ family, source: 'person' });
  });

  it('offer nothing that changes them while their platform is read-only here', async () => {
    await app.service.update({ id: site.id, isReadOnly: true }, never);
    const { rows } = await app.sourceVms.list(query);
    for (const row of rows) {
      expect(row.actions.convert.isAvailable).toBe(false);
      expect(row.actions.edit.isAvailable).toBe(false);
      expect(row.findings.every((finding) => finding.fix?.kind !== 'edit-vm')).toBe(true);
    }
    expect(rows.some((row) => row.actions.clone.isAvailable)).toBe(true);
    expect(await app.connectors.roleOf(site.id, 'deleter')).toMatchObject({ isAvailable: false, reason: { code: 'PLATFORM_READ_ONLY' } });
    expect(await app.connectors.roleOf(site.id, 'diskExport')).toEqual({ isAvailable: true });
    await app.service.update({ id: site.id, isReadOnly: false }, never);
    expect((await app.sourceVms.list(query)).rows.some((row) => row.findings.some((finding) => finding.fix?.kind === 'edit-vm'))).toBe(true);
  });

  it('are looked into again when their disk has changed, and forgotten when a run removed them', async () => {
    const { rows } = await app.sourceVms.list(query);
    const vm = rows.find((row) => row.definition === 'libvirt-xml');
    if (vm === undefined) throw new Error('no VM');
    const before = (await app.sourceVms.show(vm.id)).inspectedAt ?? 0;
    await app.sourceVms.check(vm.id, never);
    expect((await app.sourceVms.show(vm.id)).inspectedAt).toBeGreaterThanOrEqual(before);
    await rm(join(app.directory, 'sample-site', 'library', ...vm.externalId.split('/')));
    await app.sourceVms.refresh(vm);
    await expect(app.sourceVms.show(vm.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await app.sourceVms.find(vm.id)).toBeNull();
  });
});

describe('the sample site', () => {
  useSampleSite();

  it('is made once, refuses to go while a task uses it, and leaves nothing', async () => {
    expect((await app.sample.create(never)).id).toBe(site.id);
    const [vm] = (await app.sourceVms.list(query)).rows;
    app.liveRuns.push({ id: 'run-1', request: { type: 'publish.clone', vmId: vm?.id }, subject: null } as unknown as RunRecord);
    await expect(app.sample.remove()).rejects.toMatchObject({ code: 'SAMPLE_SITE_IN_USE', params: { tasks: 'run-1' } });
    await expect(app.service.remove(site.id)).rejects.toMatchObject({ code: 'PLATFORM_IN_USE' });
    app.liveRuns.pop();
    await app.sample.remove();
    expect(await app.service.list()).toEqual([]);
    expect(await app.pools.list()).toEqual([]);
    expect((await app.sourceVms.list(query)).total).toBe(0);
    expect(await readdir(app.directory)).not.toContain('sample-site');
    expect((await app.sample.create(never)).isSample).toBe(true);
  });
});

describe('platforms', () => {
  useSampleSite();

  it('are refused with what is wrong: name taken, folder gone, settings missing, unknown kind', async () => {
    const path = app.grants.issue(app.directory);
    await expect(app.service.add({ kind: 'local', name: 'sample SITE', settings: { path }, secrets: {} }, never)).rejects.toMatchObject({ code: 'PLATFORM_NAME_TAKEN' });
    const gone = app.grants.issue(join(app.directory, 'gone'));
    await expect(app.service.add({ kind: 'local', name: 'x', settings: { path: gone }, secrets: {} }, never)).rejects.toMatchObject({ code: 'LIBRARY_NOT_THERE' });
    await expect(app.service.add({ kind: 'local', name: 'x', settings: {}, secrets: {} }, never)).rejects.toMatchObject({ code: 'PLATFORM_SETTINGS_INVALID', params: { fields: 'path' } });
    await expect(app.service.add({ kind: 'local', name: 'x', settings: { path: app.directory }, secrets: {} }, never)).rejects.toMatchObject({ code: 'FILE_GRANT_UNKNOWN' });
    await expect(app.service.add({ kind: 'openstack', name: 'x', settings: {}, secrets: {} }, never)).rejects.toMatchObject({ code: 'PLATFORM_KIND_UNKNOWN' });
    expect((await app.service.testConfig({ id: null, kind: 'local', settings: { path: gone }, secrets: {} }, never))[0]).toMatchObject({ outcome: 'failed' });
    expect(await app.service.list()).toHaveLength(1);
  });

  it('are renamed with their rows, and forgotten without touching a file', async () => {
    await app.service.update({ id: site.id, name: 'Filiale 北京', environment: { label: 'test', color: 'green' } }, never);
    expect((await app.sourceVms.list({ ...query, filter: 'platform:北京' })).total).toBeGreaterThan(0);
    await app.service.remove(site.id);
    expect((await app.sourceVms.list(query)).total).toBe(0);
    expect(await readdir(join(app.directory, 'sample-site', 'library'))).not.toEqual([]);
    await expect(app.service.show(site.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('documents', () => {
  it('are read in the encodings people write them in', () => {
    const text = '安装步骤 setup';
    expect(decodeText(Buffer.from(text))).toBe(text);
    expect(decodeText(Buffer.from([0xb0, 0xb2, 0xd7, 0xb0]))).toBe('安装');
    expect(decodeText(Buffer.from(`\uFEFF${text}`, 'utf16le'))).toBe(text);
    expect(decodeText(Buffer.from(text).subarray(0, 4))).toBe('安');
  });
});
