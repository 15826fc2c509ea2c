import { describe, expect, it } from 'vitest';
import ConsoleSwitch from '../../../src/renderer/views/images/vdi-images/ConsoleSwitch.vue';
import VdiImagePage from '../../../src/renderer/views/images/vdi-images/VdiImagePage.vue';
import type { CommandOutput } from '../../../src/shared/contract/commands.ts';
import { noAttributes } from '../../../src/shared/model/business-attributes.ts';
import { imageDetail, type ImageDetail } from '../../../src/shared/model/image.ts';
import type { ImageId, PlatformId } from '../../../src/shared/model/ids.ts';
import { unknownOs } from '../../../src/shared/model/os.ts';
import { openWindow, settle } from '../support/window.ts';
import { byRole, descriptionOf } from '../support/roles.ts';

const detail = (more: Partial<Record<keyof ImageDetail, unknown>> = {}): ImageDetail => imageDetail.parse({
  id: 'img-1', platformId: 'p', platformName: 'Cloud', externalId: 'x', name: 'win11', form: 'image', scope: 'system', format: 'qcow2', virtualBytes: 1, actualBytes: 1,
  os: { ...unknownOs, family: 'windows', name: 'Windows 11', source: 'inspection' }, bootMode: 'uefi', videoModel: 'virtio', instructions: [], projectName: null, status: null,
  visibility: null, properties: {}, createdAt: null, updatedAt: null, attributes: noAttributes, assignment: { scope: 'system' }, assignedBy: 'platform', verdict: 'ready', findings: [],
  seenAt: 1, missingSince: null, password: 'unset', osClaims: [], suggestedOs: { ...unknownOs, family: 'windows', name: 'Windows 11', source: 'inspection' },
  login: { from: 'none', user: null, isSilent: false, explanation: [{ code: 'LOGIN_IMAGE_NONE', params: {} }] }, editing: { isAvailable: true }, notes: [], inspectedAt: null, ...more,
});
const changed: CommandOutput<'images.setAttributes'> = {
  results: [{ id: 'img-1' as ImageId, name: 'win11', outcome: 'changed', reason: null, warning: null, writeThrough: null }],
};

describe('the page of a VDI image', () => {
  it('says who logs in, and shows what users see', async () => {
    await openWindow(VdiImagePage, { props: { id: 'img-1' }, answers: { 'images.show': () => detail() } });
    expect(document.body.textContent).toContain('presets no credentials');
    expect(document.body.textContent).toContain('Connecting to win11');
  });

  it('sends a password that was set, an empty one too, and never shows one', async () => {
    const { transport } = await openWindow(VdiImagePage, {
      props: { id: 'img-1' },
      answers: { 'images.show': () => detail(), 'images.setAttributes': () => changed, 'images.setCredentials': () => detail({ password: 'empty' }) },
    });
    byRole('button', 'Edit').click();
    await settle();
    expect(byRole('dialog', 'Edit win11').textContent).toContain('Windows 11 (from the disk)');
    byRole('checkbox', 'Set a new password').click();
    await settle();
    byRole('button', 'Save').click();
    await settle();
    expect(transport.inputsOf('images.setCredentials')).toEqual([{ id: 'img-1', editedOn: 'system-images', user: '', password: '' }]);
  });

  it('makes the plan of the change that a finding asks for, and opens the dialog where a person has to say it', async () => {
    const source = { code: 'READY_SOURCE_IMAGE', params: {} };
    const findings = [
      { id: 'video-card', severity: 'error', reason: { code: 'READY_VIDEO_CIRRUS', params: {} }, source, fix: { kind: 'patch-image', label: { code: 'READY_FIX_SET_VIDEO', params: {} }, change: { videoModel: 'virtio' } } },
      { id: 'os', severity: 'unknown', reason: { code: 'READY_IMAGE_OS_UNKNOWN', params: {} }, source, fix: { kind: 'edit-attributes', label: { code: 'READY_FIX_EDIT_OS', params: {} }, field: 'os' } },
    ];
    const { transport } = await openWindow(VdiImagePage, { props: { id: 'img-1' }, answers: { 'images.show': () => detail({ findings }) } });
    byRole('button', 'Set the operating system').click();
    await settle();
    expect(byRole('dialog', 'Edit win11')).toBeDefined();
    byRole('button', 'Set the video card to virtio').click();
    await settle();
    expect(transport.inputsOf('tasks.plan')).toEqual([{ type: 'image.patch', imageId: 'img-1', change: { videoModel: 'virtio' } }]);
  });

  it('says where to edit what does not belong to this console', async () => {
    await openWindow(VdiImagePage, { props: { id: 'img-1' }, answers: { 'images.show': () => detail({ editing: { isAvailable: false, reason: { code: 'IMAGE_EDIT_IN_TENANT', params: {} } } }) } });
    expect(descriptionOf(byRole('button', 'Edit'))).toContain('tenant’s console');
  });
});

describe('the switch between consoles', () => {
  const tenant = { platformId: 'p' as PlatformId, platformName: 'Cloud', projectId: 'acme', name: 'Acme' };

  it('shows where the session is, also after a reload', async () => {
    await openWindow(ConsoleSwitch, {
      props: { modelValue: { kind: 'tenant', platformId: 'p', projectId: 'acme' } },
      answers: { 'consoles.current': () => ({ scope: { kind: 'tenant', platformId: 'p', projectId: 'acme' }, tenant }), 'consoles.list': () => [tenant] },
    });
    await settle();
    expect(document.body.textContent).toContain('Acme on Cloud');
  });

  it('is not there without tenants', async () => {
    await openWindow(ConsoleSwitch, { props: { modelValue: { kind: 'system' } }, answers: { 'consoles.current': () => ({ scope: { kind: 'system' }, tenant: null }), 'consoles.list': () => [] } });
    await settle();
    expect(document.querySelector('[role="combobox"]')).toBeNull();
  });
});
