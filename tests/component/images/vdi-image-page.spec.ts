import { describe, expect, it } from 'vitest';
import VdiImagePage from '../../../src/renderer/views/images/vdi-images/VdiImagePage.vue';
import { noAttributes } from '../../../src/shared/model/business-attributes.ts';
import { imageDetail, type ImageDetail } from '../../../src/shared/model/image.ts';
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
const changed = { results: [{ id: 'img-1', name: 'win11', outcome: 'changed', reason: null, warning: null, writeThrough: null }] };

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

  it('says where to edit what does not belong to this console', async () => {
    await openWindow(VdiImagePage, { props: { id: 'img-1' }, answers: { 'images.show': () => detail({ editing: { isAvailable: false, reason: { code: 'IMAGE_EDIT_IN_TENANT', params: {} } } }) } });
    expect(descriptionOf(byRole('button', 'Edit'))).toContain('tenant’s console');
  });
});
